"""The step that gives a new tenant its salt and its clients, done by our own narrow account in each realm."""

from __future__ import annotations

from typing import Any

import pytest

from core.kernel.errors import Refused
from core.kernel.names import bind_names
from core.people.sso.models import TenantSignIn
from core.people.sso.realm.clients import mapper_of
from core.people.sso.realm.server import Server
from core.people.sso.realm.service import realm_plan, service_token
from core.people.sso.realm.step import NOT_CONFIGURED, login_step
from core.people.sso.salts import salt_mark, salt_of
from core.people.sso.sites import CALLBACK, realm_names
from core.project.resolver import DnsNames
from tenants.office.hosts.services import host_ask, host_end, host_look
from tenants.office.models import ProvisioningStep
from tenants.office.provisioning import provision
from tenants.registry.context import in_public, in_tenant
from tenants.registry.hosts import origin
from tests.support.jobs import work
from tests.support.keycloak import Running, configured
from tests.support.nameserver import name_server
from tests.tenancy.test_own_hosts import HOST, known

pytestmark = pytest.mark.keycloak


def step(tenant: Any) -> ProvisioningStep:
    with in_public():
        return ProvisioningStep.objects.get(tenant_id=tenant.uuid, name="login")


def test_without_a_keycloak_the_step_waits_and_is_done_later(keycloak: Running, tenants: Any) -> None:
    with configured(Running("", "")):
        provision(tenants.alpha)
        assert (step(tenants.alpha).state, step(tenants.alpha).error) == ("waiting", NOT_CONFIGURED)
    client = f"realms/{realm_names().residents}/clients"
    (there,) = keycloak.admin().call("GET", client, clientId="commonty-alpha")
    keycloak.admin().call("DELETE", f"{client}/{there['id']}")
    # As a worker of the service, which has no operator's secret.
    with configured(Running(keycloak.url, "")):
        provision(tenants.alpha)
    assert step(tenants.alpha).state == "done"
    (made,) = keycloak.admin().call("GET", client, clientId="commonty-alpha")
    subject = mapper_of(made)
    assert subject
    assert subject["config"] == mapper_of(there)["config"]  # type: ignore[index]
    assert realm_plan() == []


def test_our_account_keeps_clients_and_can_do_nothing_else(keycloak: Running, tenants: Any) -> None:
    realm = realm_names().residents
    server = Server(keycloak.url, token=lambda asked: service_token(keycloak.url, asked))
    assert server.call("GET", f"realms/{realm}/clients", clientId="commonty-alpha")
    for method, path, body in (
        ("GET", f"realms/{realm}/users", None),
        ("POST", f"realms/{realm}/users", {"username": "somebody"}),
        ("PUT", f"realms/{realm}", {"bruteForceProtected": False}),
        ("GET", f"realms/{realm}/events", None),
        ("POST", f"realms/{realm}/identity-provider/instances", {"alias": "x", "providerId": "oidc"}),
    ):
        with pytest.raises(Refused):
            server.call(method, path, body)
    # Nor in the other realm with this realm's token.
    crossed = Server(keycloak.url, token=lambda asked: service_token(keycloak.url, realm))
    with pytest.raises(Refused):
        crossed.call("GET", f"realms/{realm_names().staff}/clients")
    assert realm_plan() == []


def test_the_salt_is_made_once_and_its_mark_stands_in_the_registry(tenants: Any) -> None:
    first = salt_of(tenants.alpha)
    with configured(Running("", "")):
        assert login_step(tenants.alpha) == NOT_CONFIGURED
    assert salt_of(tenants.alpha) == first != salt_of(tenants.beta)
    with in_public():
        assert TenantSignIn.objects.get(tenant_id=tenants.alpha.uuid).salt_mark == salt_mark(first)


def test_an_own_address_is_told_to_keycloak_and_taken_back(keycloak: Running, tenants: Any) -> None:
    def returns(slug: str) -> list[str]:
        path = f"realms/{realm_names().residents}/clients"
        (there,) = keycloak.admin().call("GET", path, clientId=f"commonty-{slug}")
        found: list[str] = there["redirectUris"]
        return found

    here = origin(HOST) + CALLBACK
    with name_server() as zone, configured(Running(keycloak.url, "")):
        bind_names(DnsNames([zone.server]))
        try:
            with in_tenant(tenants.alpha):
                own = host_ask(tenant=tenants.alpha, host=HOST)
                zone.text(own.name, own.text)
                own = host_look(own=own.id, tenant=tenants.alpha)
            assert (own.state, own.sign_in) == ("proved", False)
            assert here not in returns("alpha")
            work(tenants.alpha)
            assert known(tenants.alpha).sign_in
            assert here in returns("alpha")
            assert here not in returns("beta")
            with in_tenant(tenants.alpha):
                host_end(own=own.id, tenant=tenants.alpha)
            work(tenants.alpha)
            assert here not in returns("alpha")
        finally:
            bind_names(DnsNames())
    assert realm_plan() == []
