"""What a new tenant's making needs of the realm, so thin that no process loads Keycloak's client before it is used."""

from __future__ import annotations

from core.kernel.env import environment
from core.people.sso.salts import salt_of
from tenants.registry.context import TenantRef

NOT_CONFIGURED = "no Keycloak is configured; run the creation again, or `commonty realm apply`, once one is"


def login_step(tenant: TenantRef) -> str | None:
    """The step that gives a new tenant its salt and its clients; where there is no Keycloak, the words that say so."""
    salt_of(tenant)
    if not environment().keycloak_url:
        return NOT_CONFIGURED
    # Half a second of imports in each process of a machine that may have no Keycloak at all.
    from core.people.sso.realm.service import tenant_apply

    tenant_apply(tenant)
    return None
