"""`realm plan`, `apply` and `verify` against a real server: what is changed by hand is found and mended."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from core.kernel.errors import Refused, Unavailable
from core.people.models import SubjectSalt
from core.people.sso.models import TenantSignIn
from core.people.sso.realm import server as servers
from core.people.sso.realm.clients import SALT, mapper_of, ours
from core.people.sso.realm.converge import Convergence
from core.people.sso.realm.server import Server
from core.people.sso.realm.service import operator_server, realm_apply, realm_plan
from core.people.sso.salts import salt_of
from core.people.sso.sites import RealmKind, realm_names
from core.project.cli import main
from tenants.registry.context import Role, in_public, in_tenant
from tenants.registry.models import Tenant
from tests.support.keycloak import Running, account_make, configured

pytestmark = pytest.mark.keycloak
RESIDENTS = RealmKind.RESIDENTS


def base(kind: RealmKind = RESIDENTS) -> str:
    return f"realms/{realm_names().of(kind)}"


def client_of(run: Running, name: str, kind: RealmKind = RESIDENTS) -> dict[str, Any]:
    (found,) = run.admin().call("GET", f"{base(kind)}/clients", clientId=name)
    return dict(found)


def sentences(changes: list[Any]) -> str:
    return "\n".join(change.sentence() for change in changes)


@pytest.fixture
def fresh(keycloak_server: Running, server: int, tenants: Any) -> Iterator[Running]:
    """Realms that nobody has made yet, removed afterwards."""
    names = {"COMMONTY_KEYCLOAK_REALM": "fresh-residents", "COMMONTY_KEYCLOAK_STAFF_REALM": "fresh-staff"}
    with configured(keycloak_server, **names):
        try:
            yield keycloak_server
        finally:
            for name in names.values():
                keycloak_server.admin().call("DELETE", f"realms/{name}", missing=None)


def test_plan_lists_everything_apply_makes_it_and_then_nothing_is_left(fresh: Running) -> None:
    planned = sentences(realm_plan())
    for said in ("create realm fresh-residents", "create flow commonty browser", "create client commonty-alpha"):
        assert said in planned
    assert fresh.admin().call("GET", "realms/fresh-residents", missing=None) is None, "a plan changes nothing"
    mended, left = realm_apply()
    assert mended
    assert left == []
    assert realm_plan() == []
    assert realm_apply() == ([], [])


def test_every_tenants_client_is_closed_to_what_it_does_not_need(keycloak: Running) -> None:
    for kind in RealmKind:
        found = [row for row in keycloak.admin().pages(f"{base(kind)}/clients") if ours(row)]
        assert len(found) == 3
        for row in found:
            assert not row["publicClient"]
            assert row["clientAuthenticatorType"] == "client-jwt"
            assert row["attributes"]["pkce.code.challenge.method"] == "S256"
            assert not any(row[name] for name in ("implicitFlowEnabled", "directAccessGrantsEnabled"))
            assert not row["serviceAccountsEnabled"]
            assert not row["fullScopeAllowed"]
            assert all("*" not in address for address in row["redirectUris"])
            assert row["attributes"]["backchannel.logout.url"].endswith("/sign-out/back-channel/")
            assert "profile" not in row["defaultClientScopes"] + row["optionalClientScopes"]
            subject = mapper_of(row)
            assert subject
            assert "//sector." in subject["config"]["sectorIdentifierUri"]


def test_what_is_changed_by_hand_is_found_and_mended(keycloak: Running) -> None:
    admin = keycloak.admin()
    client = client_of(keycloak, "commonty-alpha")
    by_hand = {**client, "redirectUris": [*client["redirectUris"], "http://evil.localhost/"], "consentRequired": True}
    by_hand["protocolMappers"] = []
    admin.call("PUT", f"{base()}/clients/{client['id']}", by_hand)
    admin.call("PUT", base(), {"bruteForceProtected": False, "accessTokenLifespan": 86400})
    policies = admin.call("GET", f"{base()}/client-policies/policies")["policies"]
    ours_less = [row for row in policies if row["name"] != "commonty-every-client"]
    mine = {"name": "somebody else's", "enabled": False, "conditions": [], "profiles": []}
    admin.call("PUT", f"{base()}/client-policies/policies", {"policies": [*ours_less, mine]})
    profile = admin.call("GET", f"{base()}/users/profile")
    profile["attributes"].append({"name": "dateOfBirth", "permissions": {"view": ["admin"], "edit": ["user"]}})
    admin.call("PUT", f"{base()}/users/profile", profile)
    admin.call("POST", f"{base()}/localization/gd", {"doLogIn": "Something else"})
    found = sentences(realm_plan())
    for said in (
        "commonty-alpha: redirectUris is",
        "commonty-alpha: consentRequired is true",
        "bruteForceProtected is false, will be true",
        "accessTokenLifespan is 86400, will be 300",
        "create client policy commonty-every-client",
        "change user profile",
        "change texts gd: doLogIn is Something else",
    ):
        assert said in found
    _mended, left = realm_apply()
    assert left == []
    assert client_of(keycloak, "commonty-alpha")["redirectUris"] == client["redirectUris"]
    kept = admin.call("GET", f"{base()}/client-policies/policies")["policies"]
    assert "somebody else's" in [row["name"] for row in kept], "what is not ours is left alone"


def test_a_flow_that_was_changed_is_made_anew_beside_the_old_one(keycloak: Running) -> None:
    admin = keycloak.admin()
    used = admin.call("GET", base())["browserFlow"]
    path = f"{base()}/authentication/flows/{used.replace(' ', '%20')}/executions"
    second = next(row for row in admin.call("GET", path) if row.get("providerId") == "auth-otp-form")
    admin.call("PUT", path, {**second, "requirement": "DISABLED"})
    assert "change flow commonty browser" in sentences(realm_plan())
    _mended, left = realm_apply()
    assert left == []
    fresh = admin.call("GET", base())["browserFlow"]
    assert fresh != used
    aliases = [row["alias"] for row in admin.call("GET", f"{base()}/authentication/flows")]
    assert fresh in aliases
    assert used not in aliases


def test_a_changed_salt_is_the_gravest_thing_and_the_tenants_own_is_put_back(keycloak: Running, tenants: Any) -> None:
    admin = keycloak.admin()
    client = client_of(keycloak, "commonty-alpha")
    subject = mapper_of(client)
    assert subject
    path = f"{base()}/clients/{client['id']}/protocol-mappers/models/{subject['id']}"
    admin.call("PUT", path, {**subject, "config": {**subject["config"], SALT: "somebody's idea"}})
    admin.call("PUT", base(), {"displayName": "Another name"})
    found = realm_plan()
    assert found[0].grave
    assert "GRAVE" in found[0].sentence()
    assert "somebody's idea" not in sentences(found)
    assert salt_of(tenants.alpha) not in sentences(found)
    _mended, left = realm_apply()
    assert left == []
    again = mapper_of(client_of(keycloak, "commonty-alpha"))
    assert again
    assert again["config"][SALT] == salt_of(tenants.alpha)


def test_a_salt_that_was_exchanged_in_the_schema_is_never_used(keycloak: Running, tenants: Any) -> None:
    client = client_of(keycloak, "commonty-alpha")
    run_admin = keycloak.admin()
    run_admin.call("DELETE", f"{base()}/clients/{client['id']}")
    with in_public():
        TenantSignIn.objects.filter(tenant_id=tenants.alpha.uuid).update(salt_mark="0" * 64)
    with pytest.raises(Refused) as refused:
        realm_apply()
    assert refused.value.code == "salt.differs"
    assert run_admin.call("GET", f"{base()}/clients", clientId="commonty-alpha") == []
    for role in (Role.VOTER, Role.STAFF):
        from django.db import ProgrammingError

        with in_tenant(tenants.alpha, role=role), pytest.raises(ProgrammingError):
            SubjectSalt.objects.first()
    with in_tenant(tenants.alpha, role=Role.WORKER), pytest.raises(ProgrammingError):
        SubjectSalt.objects.update(held="another")


def test_a_client_removed_by_hand_comes_back_and_everybody_is_who_they_were(keycloak: Running, tenants: Any) -> None:
    account_make(keycloak, "morag")
    before = client_of(keycloak, "commonty-beta")
    keycloak.admin().call("DELETE", f"{base()}/clients/{before['id']}")
    people = keycloak.admin().call("GET", f"{base()}/users/count")
    assert "create client commonty-beta" in sentences(realm_plan())
    _mended, left = realm_apply()
    assert left == []
    after = client_of(keycloak, "commonty-beta")
    assert after["id"] != before["id"]
    one, other = mapper_of(before), mapper_of(after)
    assert one
    assert other
    assert one["config"] == other["config"]
    assert keycloak.admin().call("GET", f"{base()}/users/count") == people


def test_a_tenant_that_is_suspended_or_erased(keycloak: Running, tenants: Any) -> None:
    def state(value: str) -> None:
        with in_public():
            Tenant.objects.filter(id=tenants.beta.uuid).update(state=value)

    try:
        state("suspended")
        assert "commonty-beta: enabled is true, will be false" in sentences(realm_plan())
        assert realm_apply()[1] == []
        assert client_of(keycloak, "commonty-beta")["enabled"] is False
        state("erased")
        assert "remove client commonty-beta: its tenant is erased" in sentences(realm_plan())
        assert realm_apply()[1] == []
        assert keycloak.admin().call("GET", f"{base()}/clients", clientId="commonty-beta") == []
    finally:
        state("active")
        assert realm_apply()[1] == []


def test_a_client_without_a_tenant_is_told_of_and_never_removed(keycloak: Running) -> None:
    client = client_of(keycloak, "commonty-alpha")
    stray = {name: value for name, value in client.items() if name not in ("id", "protocolMappers", "secret")}
    stray["clientId"] = "commonty-nobody"
    stray["attributes"] = {**client["attributes"], "commonty.tenant": "00000000-0000-4000-8000-000000000000"}
    keycloak.admin().call("POST", f"{base()}/clients", stray)
    try:
        mended, left = realm_apply()
        assert mended == []
        assert [change.verb for change in left] == ["look"]
        assert client_of(keycloak, "commonty-nobody")
    finally:
        made = client_of(keycloak, "commonty-nobody")
        keycloak.admin().call("DELETE", f"{base()}/clients/{made['id']}")


class Crash(Exception):
    """The process is gone."""


@pytest.mark.parametrize("at", [3, 20, 45])
def test_an_apply_that_dies_at_any_call_is_finished_by_the_next(fresh: Running, at: int) -> None:
    server = operator_server()
    calls = 0
    whole = Server.call

    def dying(self: Server, method: str, *words: Any, **more: Any) -> Any:
        nonlocal calls
        if method != "GET":
            calls += 1
            if calls == at:
                raise Crash
        return whole(self, method, *words, **more)

    server.call = dying.__get__(server)  # type: ignore[method-assign]
    with pytest.raises(Crash):
        Convergence(server, realm_names()).apply()
    _mended, left = realm_apply()
    assert left == []


def test_two_at_once_end_as_one(fresh: Running) -> None:
    from django.db import connections

    ends: list[Any] = []

    def run() -> None:
        try:
            ends.append(realm_apply()[1])
        except Exception as error:  # noqa: BLE001  # told by the assertion
            ends.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ends == [[], []]
    for name in ("fresh-residents", "fresh-staff"):
        clients = [row["clientId"] for row in fresh.admin().pages(f"realms/{name}/clients") if ours(row)]
        assert len(clients) == len(set(clients)) == 3


def test_the_command_line_says_it_in_codes_and_json(keycloak: Running, capsys: pytest.CaptureFixture[str]) -> None:
    import json

    assert main(["--json", "realm", "verify"]) == 0
    assert json.loads(capsys.readouterr().out)["drift"] == []
    keycloak.admin().call("PUT", base(), {"verifyEmail": False})
    assert main(["--json", "realm", "verify"]) == 1
    drift = json.loads(capsys.readouterr().out)["drift"]
    assert [one["field"] for one in drift] == ["verifyEmail"]
    assert main(["--json", "realm", "plan"]) == 0
    assert [one["field"] for one in json.loads(capsys.readouterr().out)["changes"]] == ["verifyEmail"]
    assert main(["realm", "apply"]) == 0
    assert "verifyEmail is false, will be true" in capsys.readouterr().out


def test_a_server_that_is_too_old_is_left_as_it_is(
    keycloak: Running, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    keycloak.admin().call("PUT", base(), {"verifyEmail": False})
    with monkeypatch.context() as patch:
        patch.setattr(servers, "OLDEST", (99, 1))
        assert main(["realm", "apply"]) == 3
        said = capsys.readouterr().err
        assert "99.1 or newer is needed" in said
        assert "nothing was changed" in said
    assert keycloak.admin().call("GET", base())["verifyEmail"] is False
    assert main(["realm", "apply"]) == 0
    assert keycloak.admin().call("GET", base())["verifyEmail"] is True


def test_an_absent_server_wrong_credentials_and_none_at_all(
    keycloak: Running, tenants: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with configured(Running("http://127.0.0.1:9", "x")):
        with pytest.raises(Unavailable):
            realm_plan()
        assert main(["realm", "apply"]) == 4
    with configured(Running(keycloak.url, "not the secret")):
        assert main(["realm", "apply"]) == 3
    with configured(Running(keycloak.url, "")):
        assert main(["realm", "plan"]) == 3
    with configured(Running("", "x")):
        assert main(["realm", "plan"]) == 4
    said = capsys.readouterr()
    assert "Traceback" not in said.err + said.out
    assert "not the secret" not in said.err + said.out
