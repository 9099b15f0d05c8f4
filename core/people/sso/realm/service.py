"""What the operator and the provisioning call: each finds the server and the right credentials by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import F

from core.kernel.env import environment
from core.kernel.errors import Refused, Unavailable
from core.people.sso.client_key import assertion, keys_of
from core.people.sso.models import TenantSignIn
from core.people.sso.realm.alone import alone
from core.people.sso.realm.changes import Change
from core.people.sso.realm.clients import registered
from core.people.sso.realm.converge import Convergence
from core.people.sso.realm.farewells import Farewells, farewells_run
from core.people.sso.realm.leavers import Leavers, RealmDirectory, leavers_run
from core.people.sso.realm.server import Server, secret_token, token_ask
from core.people.sso.sites import realm_names
from tenants.registry.context import TenantRef, in_public

SERVICE_CLIENT = "commonty-provisioning"
Say = Callable[[str], None]


def _url() -> str:
    url = environment().keycloak_url
    if not url:
        raise Unavailable(
            "No Keycloak is configured.",
            code="keycloak.not_configured",
            remedy="Set COMMONTY_KEYCLOAK_URL to its address.",
        )
    return url


def operator_server() -> Server:
    """The server as the operator, who may make realms."""
    settings, url = environment(), _url()
    if not settings.keycloak_admin_secret:
        raise Refused(
            "The realms cannot be read without the operator's credentials.",
            code="keycloak.credentials",
            remedy="Set COMMONTY_KEYCLOAK_ADMIN_CLIENT and COMMONTY_KEYCLOAK_ADMIN_SECRET (or …_SECRET_FILE).",
        )
    return Server(url, token=secret_token(url, settings.keycloak_admin_client, settings.keycloak_admin_secret))


def service_token(url: str, realm: str) -> dict[str, Any]:
    """A token of our own account in a realm, which may keep clients there and nothing else."""
    refused: Refused | None = None
    for key in keys_of(f"service/{realm}", None, 1):
        shown = assertion(key, client=SERVICE_CLIENT, audience=f"{url}/realms/{realm}")
        try:
            return token_ask(url, realm, {"grant_type": "client_credentials", "client_id": SERVICE_CLIENT, **shown})
        except Refused as error:
            # After the service's secret was exchanged the realm may still know the earlier one only.
            refused = error
    assert refused is not None
    raise refused


def realm_plan(*, say: Say = lambda text: None) -> list[Change]:
    """Everything that differs from the files and the registry. Changes nothing."""
    return Convergence(operator_server(), realm_names(), say=say).plan()


def realm_apply(*, say: Say = lambda text: None) -> tuple[list[Change], list[Change]]:
    """Make it so, one run at a time; what was mended, and what is still not as it should be."""
    with alone():
        work = Convergence(operator_server(), realm_names(), say=say)
        return work.apply(), work.plan()


def client_key_exchange(tenant: TenantRef, *, say: Say = lambda text: None) -> int:
    """Sign with the next key from now on, then tell Keycloak the one after it. No sign-in fails meanwhile.

    The realm must be as it should be before: the next key has to be known there already.
    """
    with alone():
        work = Convergence(operator_server(), realm_names(), say=say)
        (one,) = registered(tenant.uuid)
        work.tenant_apply(one)
        with in_public(), transaction.atomic():
            TenantSignIn.objects.filter(tenant_id=tenant.uuid).update(client_key=F("client_key") + 1)
        (one,) = registered(tenant.uuid)
        work.tenant_apply(one)
        return one.client_key


def accounts_forget(*, say: Say = lambda text: None) -> Farewells:
    """Go on with deleting the national accounts of people who asked for it; to be run each night."""
    with alone():
        return farewells_run(operator_server(), say=say)


def officers_left(*, say: Say = lambda text: None) -> Leavers:
    """End the roles of officers whose account is gone or shut; to be run each night."""
    with alone():
        return leavers_run(RealmDirectory(operator_server()), say=say)


def tenant_apply(tenant: TenantRef) -> None:
    """Give one tenant its clients, at the Keycloak that is configured."""
    (one,) = registered(tenant.uuid)
    with alone():
        Convergence(_by_realm(_url()), realm_names()).tenant_apply(one)


def _by_realm(url: str) -> Server:
    """The server as our account in each realm: a token is good in its own realm only."""
    if environment().keycloak_admin_secret:
        return operator_server()
    return Server(url, token=lambda realm: service_token(url, realm))
