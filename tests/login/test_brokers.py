"""Officers by their council's own provider, residents by the national one; real realms of one Keycloak play them."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from core.audit.models import AuditEvent
from core.people.models import Person, Session
from core.people.sso import door
from core.people.sso.realm.server import segment
from core.people.sso.realm.service import realm_apply, realm_plan
from core.people.sso.sites import RealmKind, realm_names
from tenants.registry.context import in_tenant
from tests.login.test_realm import sentences
from tests.support.http import away
from tests.support.keycloak import PASSWORD, Account, Running, Visitor, account_make, code_of, configured
from tests.support.upstream import Upstream, file_of

pytestmark = pytest.mark.keycloak
DIRECTORIES = ("11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222")


class Sources(NamedTuple):
    alpha: Upstream
    beta: Upstream
    national: Upstream


@pytest.fixture(scope="session")
def realms(keycloak_server: Running, database: str) -> Sources:
    """Made once for the run, each with our client."""
    with configured(keycloak_server):
        mark = realm_names().residents.partition("-")[0]

        def council(slug: str, directory: str) -> Upstream:
            realm, domains = f"{mark}-entra-{slug}", (f"{slug}.example",)
            return Upstream(keycloak_server, f"entra-{slug}", "entra", realm, directory, slug, domains)

        national = Upstream(keycloak_server, "scotaccount", "scotaccount", f"{mark}-national")
        found = Sources(council("alpha", DIRECTORIES[0]), council("beta", DIRECTORIES[1]), national)
        for one in found:
            one.make()
    return found


@pytest.fixture
def sources(realms: Sources, keycloak_server: Running, server: int, tenants: Any, tmp_path: Path) -> Iterator[Sources]:
    """The service with all three providers attached."""
    with configured(keycloak_server, COMMONTY_KEYCLOAK_PROVIDERS=file_of(tmp_path, *realms)):
        _mended, left = realm_apply()
        assert left == []
        door._numbers.clear()
        yield realms
    door._numbers.clear()


def base(kind: RealmKind) -> str:
    return f"realms/{segment(realm_names().of(kind))}"


def account_by(run: Running, alias: str, upstream: Account, kind: RealmKind = RealmKind.STAFF) -> dict[str, Any]:
    """The account that somebody of a provider has here."""
    words = {"idpAlias": alias, "idpUserId": upstream.id}
    (found,) = run.admin().call("GET", f"{base(kind)}/users", **words)
    whole: dict[str, Any] = run.admin().call("GET", f"{base(kind)}/users/{found['id']}")
    return whole


def home(visitor: Visitor, address: str, account: Account) -> str:
    """To the council's own provider, by its own pages, and back; here a phone with codes is set up or used."""
    back = visitor.go(address)
    if not back and 'name="password"' in visitor.page:
        back = visitor.send(username=account.address, password=PASSWORD)
    found = re.search(r'name="totpSecret"[^>]*value="([^"]+)"', visitor.page)
    if not back and found:
        secret = html.unescape(found[1])
        back = visitor.send(totp=code_of(secret), totpSecret=secret, userLabel="phone")
    return back


def test_an_officer_is_sent_home_by_the_host_and_is_an_account_of_that_council(
    sources: Sources, tenants: Any, site: Callable[..., Any]
) -> None:
    officer = sources.alpha.account("una", address="una@alpha.example")
    desk = site(tenants.alpha, purpose="staff")
    address = away(desk, "/privacy/")
    assert "kc_idp_hint=entra-alpha" in address
    visitor = Visitor()
    back = home(visitor, address, officer)
    assert back, visitor.page
    assert desk.get(back).status_code == 302
    with in_tenant(tenants.alpha):
        assert Session.objects.get().get_decoded()["level"] == 2, "a second factor was set up on the way"
        assert Person.objects.get().display_name == "Una Macsomebody"
        assert not AuditEvent.objects.filter(kind="strange_address").exists()
    made = account_by(sources.alpha.run, "entra-alpha", officer)
    assert made["attributes"] == {"tenant": [str(tenants.alpha.uuid)]}
    assert made["username"] == f"entra-alpha.{officer.id}"
    assert not made["emailVerified"]
    # At the other council's desk the session stands, and it is none of that council's.
    other = site(tenants.beta, purpose="staff")
    back = visitor.go(away(other))
    assert back, visitor.page
    answer = other.get(back)
    assert answer.status_code == 403
    assert "not this council" in answer.content.decode()
    with in_tenant(tenants.beta):
        assert not Person.objects.exists()


def test_ab30_an_address_of_somebody_else_gives_an_account_of_its_own_and_an_alert(
    sources: Sources, tenants: Any, site: Callable[..., Any]
) -> None:
    run = sources.alpha.run
    citizen = account_make(run, "citizen")
    theirs = sources.beta.account("moira", address="moira@beta.example")
    there = site(tenants.beta, purpose="staff")
    assert there.get(home(Visitor(), away(there), theirs)).status_code == 302
    with in_tenant(tenants.beta):
        moira = Person.objects.get().subject
        assert not AuditEvent.objects.filter(kind="strange_address").exists()
    subjects = set()
    tricks = ("moira@beta.example", "MOIRA@BETA.EXAMPLE", "moira+x@beta.example", citizen.address)
    for address in tricks:
        evil = sources.alpha.account("evil", address=address)
        desk = site(tenants.alpha, purpose="staff")
        back = home(Visitor(), away(desk), evil)
        assert back
        assert desk.get(back).status_code == 302
        assert account_by(run, "entra-alpha", evil)["attributes"] == {"tenant": [str(tenants.alpha.uuid)]}
        # One provider's name upstream per account, no account with two.
        links = run.admin().call(
            "GET", f"{base(RealmKind.STAFF)}/users/{account_by(run, 'entra-alpha', evil)['id']}/federated-identity"
        )
        assert [link["identityProvider"] for link in links] == ["entra-alpha"]
        run.admin().call("DELETE", f"{sources.alpha.base}/users/{evil.id}")
    with in_tenant(tenants.alpha):
        subjects = set(Person.objects.values_list("subject", flat=True))
        alerts = [row.body for row in AuditEvent.objects.filter(kind="strange_address")]
    assert len(subjects) == len(tricks)
    assert moira not in subjects
    assert len(alerts) == len(tricks)
    assert {row["domain"] for row in alerts} == {"beta.example", citizen.address.rpartition("@")[2]}
    assert all("@" not in str(row) for row in alerts), "an alert is kept for ever and holds no address"
    # The citizen's own account knows of nobody else's provider, and is who it was.
    links = run.admin().call("GET", f"{base(RealmKind.RESIDENTS)}/users/{citizen.id}/federated-identity")
    assert links == []


def test_an_officer_of_another_directory_is_not_let_in(
    sources: Sources, tenants: Any, site: Callable[..., Any]
) -> None:
    admin, realm = sources.beta.run.admin(), sources.beta.base
    (client,) = admin.call("GET", f"{realm}/clients", clientId="commonty")
    tid = next(row for row in client["protocolMappers"] if row["name"] == "tid")
    path = f"{realm}/clients/{client['id']}/protocol-mappers/models/{tid['id']}"
    officer = sources.beta.account("ross", address="ross@beta.example")
    desk = site(tenants.beta, purpose="staff")
    try:
        for value in ("99999999-9999-4999-8999-999999999999", f"{sources.beta.directory}0", ""):
            admin.call("PUT", path, {**tid, "config": {**tid["config"], "claim.value": value}})
            visitor = Visitor()
            assert home(visitor, away(desk), officer) == "", value
            assert "broker" in visitor.at or "login-actions" in visitor.at
        with in_tenant(tenants.beta):
            assert not Person.objects.exists()
    finally:
        admin.call("PUT", path, tid)
    assert desk.get(home(Visitor(), away(desk), officer)).status_code == 302


def test_what_is_changed_by_hand_is_found_and_mended_and_nothing_is_removed(
    sources: Sources, tenants: Any, site: Callable[..., Any], tmp_path: Path
) -> None:
    run = sources.alpha.run
    admin, path = run.admin(), f"{base(RealmKind.STAFF)}/identity-provider/instances"
    officer = sources.alpha.account("isa", address="isa@alpha.example")
    desk = site(tenants.alpha, purpose="staff")
    assert desk.get(home(Visitor(), away(desk), officer)).status_code == 302
    found = admin.call("GET", f"{path}/entra-alpha")
    strange = {name: value for name, value in found["config"].items() if not name.startswith("commonty.")}
    config = {**found["config"], "validateSignature": "false", "claimFilterValue": ".*"}
    admin.call("PUT", f"{path}/entra-alpha", {**found, "trustEmail": True, "config": config})
    extra = {"syncMode": "FORCE", "attribute": "tenant", "attribute.value": str(tenants.beta.uuid)}
    mapper = {"name": "mine", "identityProviderMapper": "hardcoded-attribute-idp-mapper", "config": extra}
    admin.call("POST", f"{path}/entra-alpha/mappers", {**mapper, "identityProviderAlias": "entra-alpha"})
    admin.call("POST", path, {"alias": "by-hand", "providerId": "oidc", "config": strange})
    said = sentences(realm_plan())
    for words in (
        "change identity provider entra-alpha: trustEmail is true, will be false",
        "config.validateSignature is false, will be true",
        "config.claimFilterValue is .*",
        "remove mapper entra-alpha mine",
        "look identity provider by-hand: no file names it",
    ):
        assert words in said
    _mended, left = realm_apply()
    assert [change.name for change in left] == ["by-hand"]
    admin.call("DELETE", f"{path}/by-hand")
    assert realm_plan() == []
    # A secret is never said, and that it was exchanged is.
    (tmp_path / "secret").write_text("the first secret", encoding="utf-8")
    with_secret = file_of(tmp_path, sources.alpha, sources.national) + ".more"
    words = sources.alpha.row().replace("kind =", 'secret_file = "secret"\nkind =') + sources.national.row()
    Path(with_secret).write_text(words, encoding="utf-8")
    with configured(run, COMMONTY_KEYCLOAK_PROVIDERS=with_secret):
        assert realm_apply()[1] == []
        (tmp_path / "secret").write_text("the second secret", encoding="utf-8")
        said = sentences(realm_plan())
        assert "identity provider entra-alpha: config.commonty.mark" in said
        assert "the first secret" not in said + str(realm_plan())
        assert "the second secret" not in said + str(realm_plan())
        # Beta's lines are gone: its provider is shut, its people stay who they are.
        assert admin.call("GET", f"{path}/entra-beta")["enabled"] is False
        assert realm_apply()[1] == []
        door._numbers.clear()
        assert "kc_idp_hint" not in away(site(tenants.beta, purpose="staff"))
    assert account_by(run, "entra-alpha", officer)["enabled"]
    assert realm_apply()[1] == []
