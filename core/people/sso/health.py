"""Whether the sign-in service answers: one line for `commonty doctor` and the national console."""

from __future__ import annotations

import time
from dataclasses import dataclass

import requests

from core.kernel.env import environment
from core.people.sso.sites import realm_names

# An operator waits for this page; residents are not asked to.
SECONDS = 2
KEPT_SECONDS = 20.0

_kept: dict[str, tuple[float, Health]] = {}


@dataclass(frozen=True, slots=True)
class Health:
    """One issuer: whether it describes itself as such, and how long that took."""

    issuer: str
    ok: bool
    milliseconds: int


def sign_in_health() -> list[Health]:
    """Each issuer that people are sent to, asked now or at most 20 seconds ago; empty where none is configured."""
    settings = environment()
    issuers = [settings.oidc_issuer] if settings.oidc_issuer else []
    if settings.keycloak_url:
        names = realm_names()
        issuers = [f"{settings.keycloak_url}/realms/{name}" for name in (names.residents, names.staff)]
    return [_health(issuer) for issuer in issuers]


def _health(issuer: str) -> Health:
    begun = time.monotonic()
    known = _kept.get(issuer)
    if known is not None and begun - known[0] < KEPT_SECONDS:
        return known[1]
    try:
        address = issuer.rstrip("/") + "/.well-known/openid-configuration"
        answer = requests.get(address, timeout=SECONDS, allow_redirects=False)
        ok = answer.status_code == 200 and answer.json().get("issuer") == issuer
    except (requests.RequestException, ValueError, AttributeError):
        ok = False
    now = time.monotonic()
    found = Health(issuer, ok, round((now - begun) * 1000))
    _kept[issuer] = (now, found)
    return found
