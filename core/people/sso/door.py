"""Which provider a host sends people to, as which client, and how that client shows who it is.

With a Keycloak each tenant's host is a client of its own with a key of its own; otherwise any OpenID provider serves,
with one shared secret, as the demo's does.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from django.utils.translation import gettext as _
from joserfc.jwk import ECKey

from core.kernel.env import environment
from core.kernel.errors import Unavailable
from core.people.sso.client_key import keys_of
from core.people.sso.models import TenantSignIn
from core.people.sso.sites import RealmKind, client_id, realm_kind, realm_names
from tenants.registry.context import in_public
from tenants.registry.hosts import Site

# Neighbouring keys are known to the provider too, so an exchange need not be seen at once.
KEPT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class _Known:
    """What the registry says of a tenant's sign-in, until `until`."""

    until: float
    key: int = 1
    home: str = ""
    domains: tuple[str, ...] = ()
    groups: bool = False


_numbers: dict[UUID, _Known] = {}


def unreachable() -> Unavailable:
    return Unavailable(
        _("The sign-in service does not answer."),
        code="sign_in.unreachable",
        remedy=_("Wait a few minutes and try again. Every page can be read without signing in."),
    )


@dataclass(frozen=True, slots=True)
class Door:
    """One host's way to its provider. `keys`, newest first, or else `secret`, shows that the client is ours.

    `home` is the council's own provider behind the national one: its officers are sent straight there. `groups`: it
    tells in which of the council's groups they are.
    """

    issuer: str
    client: str
    scope: str
    secret: str = ""
    keys: tuple[ECKey, ...] = ()
    home: str = ""
    home_domains: tuple[str, ...] = ()
    groups: bool = False


def levels_stated() -> bool:
    """Whether the provider says how strongly somebody has shown who they are. The demo's own does not."""
    settings = environment()
    return bool(settings.keycloak_url) or settings.env == "production"


def provider_origin() -> str:
    """Scheme and host of the provider, as a page's policy names it; empty where there is none."""
    parts = urlsplit(environment().keycloak_url or environment().oidc_issuer)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def door_of(site: Site) -> Door:
    """Raises Unavailable where nobody has configured a provider."""
    settings = environment()
    client = client_id(site.tenant.slug, site.purpose)
    if settings.keycloak_url:
        kind, known = realm_kind(site.tenant.kind, site.purpose), _known(site.tenant.uuid)
        keys = keys_of(f"client/{site.purpose}", site.tenant.uuid, known.key)
        home = (known.home, known.domains, known.groups) if kind is RealmKind.STAFF else ("", (), False)
        issuer = f"{settings.keycloak_url}/realms/{realm_names().of(kind)}"
        return Door(issuer, client, "openid email", "", tuple(keys), *home)
    if not settings.oidc_issuer:
        raise unreachable()
    return Door(settings.oidc_issuer, client, "openid profile email", secret=settings.oidc_client_secret)


def groups_told(site: Site) -> bool:
    """Whether the council's own provider tells in which of its groups an officer is."""
    return bool(environment().keycloak_url) and _known(site.tenant.uuid).groups


def _known(tenant: UUID) -> _Known:
    now = time.monotonic()
    known = _numbers.get(tenant)
    if known is None or known.until < now:
        with in_public():
            row = TenantSignIn.objects.filter(tenant_id=tenant).first()
        until = now + KEPT_SECONDS
        known = _Known(until)
        if row is not None:
            known = _Known(
                until, row.client_key, row.provider, tuple(row.provider_domains.split()), row.provider_groups
            )
        _numbers[tenant] = known
    return known
