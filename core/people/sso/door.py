"""Which provider a host sends people to, as which client, and how that client shows who it is.

With a Keycloak each tenant's host is a client of its own with a key of its own; otherwise any OpenID provider serves,
with one shared secret, as the demo's does.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _
from joserfc.jwk import ECKey

from core.kernel.env import environment
from core.kernel.errors import Unavailable
from core.people.sso.client_key import keys_of
from core.people.sso.models import TenantSignIn
from core.people.sso.sites import client_id, realm_kind, realm_names
from tenants.registry.context import in_public
from tenants.registry.hosts import Site

# Neighbouring keys are known to the provider too, so an exchange need not be seen at once.
KEPT_SECONDS = 30.0

_numbers: dict[UUID, tuple[float, int]] = {}


def unreachable() -> Unavailable:
    return Unavailable(
        _("The sign-in service does not answer."),
        code="sign_in.unreachable",
        remedy=_("Wait a few minutes and try again. Every page can be read without signing in."),
    )


@dataclass(frozen=True, slots=True)
class Door:
    """One host's way to its provider. `keys`, newest first, or else `secret`, shows that the client is ours."""

    issuer: str
    client: str
    scope: str
    secret: str = ""
    keys: tuple[ECKey, ...] = ()


def levels_stated() -> bool:
    """Whether the provider says how strongly somebody has shown who they are. The demo's own does not."""
    settings = environment()
    return bool(settings.keycloak_url) or settings.env == "production"


def door_of(site: Site) -> Door:
    """Raises Unavailable where nobody has configured a provider."""
    settings = environment()
    client = client_id(site.tenant.slug, site.purpose)
    if settings.keycloak_url:
        realm = realm_names().of(realm_kind(site.tenant.kind, site.purpose))
        keys = keys_of(f"client/{site.purpose}", site.tenant.uuid, _key_number(site.tenant.uuid))
        return Door(f"{settings.keycloak_url}/realms/{realm}", client, "openid email", keys=tuple(keys))
    if not settings.oidc_issuer:
        raise unreachable()
    return Door(settings.oidc_issuer, client, "openid profile email", secret=settings.oidc_client_secret)


def _key_number(tenant: UUID) -> int:
    now = time.monotonic()
    known = _numbers.get(tenant)
    if known is None or known[0] < now:
        with in_public():
            row = TenantSignIn.objects.filter(tenant_id=tenant).values_list("client_key", flat=True).first()
        known = _numbers[tenant] = (now + KEPT_SECONDS, row or 1)
    return known[1]
