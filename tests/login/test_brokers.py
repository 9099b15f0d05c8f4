"""Officers by their council's own provider, residents by the national one; real realms of one Keycloak play them."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import pytest

from core.audit.models import AuditEvent
from core.people.models import Person, RoleGrant, RoleProposal, Session
from core.people.proof import LEVEL, PROVED_AT
from core.people.sso import door
from core.people.sso.attested import Attested
from core.people.sso.provider import MOST_GROUPS
from core.people.sso.realm.server import segment
from core.people.sso.realm.service import realm_apply, realm_plan
from core.people.sso.salts import salt_of, subject_of
from core.people.sso.sites import GROUPS, RealmKind, realm_names
from core.places.models import Area
from core.web.attested import KEPT, attested_open
from tenants.registry.context import in_tenant
from tests.behaviour.test_manage_rounds import browser as officer_at
from tests.login.test_realm import sentences
from tests.login.test_sessions import change
from tests.login.test_sign_in import everything_kept
from tests.support.http import away
from tests.support.journey import Resident, round_open
from tests.support.keycloak import PASSWORD, Account, Running, Visitor, account_make, code_of, configured
from tests.support.rounds import round_made
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
    for row in run.admin().pages(f"{base(kind)}/users", idpAlias=alias):
        whole: dict[str, Any] = run.admin().call("GET", f"{base(kind)}/users/{row['id']}")
        if whole["federatedIdentities"][0]["userName"] == upstream.address:
            return whole
    raise AssertionError(f"nobody came by {alias} as {upstream.address}")


def home(visitor: Visitor, address: str, account: Account, phones: dict[str, str] | None = None) -> str:
    """To the council's own provider, by its own pages, and back; here a phone with codes is set up or used.

    `phones` keeps the secrets of the phones for whoever signs in again.
    """
    phones = {} if phones is None else phones
    back = visitor.go(address)
    if not back and 'name="password"' in visitor.page:
        back = visitor.send(username=account.address, password=PASSWORD)
    found = re.search(r'name="totpSecret"[^>]*value="([^"]+)"', visitor.page)
    if not back and found:
        secret = html.unescape(found[1])
        back = visitor.send(totp=code_of(secret), totpSecret=secret, userLabel="phone")
        phones[account.id] = secret
    elif not back and 'name="otp"' in visitor.page and account.id in phones:
        back = visitor.send(otp=code_of(phones[account.id], ahead=1))
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


def test_a_group_of_the_councils_own_proposes_a_role_and_gives_none(
    sources: Sources, tenants: Any, site: Callable[..., Any]
) -> None:
    """T61 where groups are taken over: an officer decides, and what is not on the list is written down nowhere."""
    leader = officer_at(tenants.alpha, name="leader")
    change(leader, **{LEVEL: 2, PROVED_AT: time.time()})
    desk, elsewhere = site(tenants.alpha, purpose="staff"), site(tenants.beta, purpose="staff")
    assert GROUPS not in away(desk), "nobody is asked about groups while none is on the list"
    listed = {"group": "pb officers", "role": "observer", "round_id": ""}
    assert leader.post("/people/groups/", listed).status_code == 302
    assert b"does not tell of groups" not in leader.get("/people/groups/").content
    assert GROUPS in away(desk)
    assert GROUPS not in away(elsewhere)
    phones: dict[str, str] = {}
    groups = ("PB Officers", "Housing Choir", "x" * 121)
    mhairi = sources.alpha.account("mhairi", address="mhairi@alpha.example", groups=groups)
    assert desk.get(home(Visitor(), away(desk), mhairi, phones)).status_code == 302
    assert desk.get("/rounds/").status_code == 403
    with in_tenant(tenants.alpha):
        (proposed,) = RoleProposal.objects.select_related("person")
        assert (proposed.person.display_name, proposed.group) == ("Mhairi Macsomebody", "pb officers")
        assert not RoleGrant.objects.filter(person=proposed.person).exists()
    assert "Housing Choir" not in everything_kept(tenants.alpha)
    assert leader.post(f"/people/proposed/{proposed.pk}/", {"decide": "give"}).status_code == 302
    assert desk.get("/rounds/").status_code == 200
    with in_tenant(tenants.alpha):
        assert str(RoleGrant.objects.get(person=proposed.person).giver) == "Leader"
    assert b"no longer names" not in leader.get("/people/").content
    # Gone from the group: the role stays until an officer takes it, and the list of colleagues says so.
    sources.alpha.regroup(mhairi, "Housing Choir")
    again = site(tenants.alpha, purpose="staff")
    assert again.get(home(Visitor(), away(again), mhairi, phones)).status_code == 302
    assert b"no longer names this person in" in leader.get("/people/").content
    # More groups than are looked at: somebody signs in, and nothing follows.
    many = ["PB Officers", *(f"group {number}" for number in range(MOST_GROUPS))]
    busy = sources.alpha.account("busy", address="busy@alpha.example", groups=many)
    third = site(tenants.alpha, purpose="staff")
    assert third.get(home(Visitor(), away(third), busy)).status_code == 302
    with in_tenant(tenants.alpha):
        assert Person.objects.filter(display_name="Busy Macsomebody").exists()
        assert RoleProposal.objects.count() == 1


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
    with_secret = str(tmp_path / "more.toml")
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
    # Whoever forgets to name the file shuts nothing.
    with configured(run, COMMONTY_KEYCLOAK_PROVIDERS=""):
        assert realm_plan() == []
        assert realm_apply() == ([], [])
    assert admin.call("GET", f"{path}/entra-beta")["enabled"] is True


def told_here(tenant: Any) -> Attested | None:
    """What the one session at a tenant keeps of what a national provider told."""
    with in_tenant(tenant):
        return attested_open(Session.objects.get().get_decoded().get(KEPT, ""))


def national(visitor: Visitor, browser: Any, account: Account, next_path: str = "/rounds/x/vote/prove/?how=a") -> str:
    """By the button of the national provider on our own page, to its page, and back."""
    assert visitor.go(away(browser, next_path)) == ""
    found = re.search(r'href="([^"]*/broker/scotaccount/login[^"]*)"', visitor.page)
    assert found, visitor.page
    back = visitor.go(urljoin(visitor.at, html.unescape(found[1])))
    return back or visitor.send(username=account.address, password=PASSWORD)


def born(years: int) -> str:
    today = datetime.now(UTC).date()
    return f"{today.year - years}-01-01"


def test_a_resident_by_the_national_provider_is_told_of_in_three_facts_and_no_more(
    sources: Sources, tenants: Any, site: Callable[..., Any]
) -> None:
    national_realm = sources.national
    with in_tenant(tenants.alpha):
        area = Area.objects.create(code="S13000001", kind="ward", name="A ward").code
        round_made("sixteen", min_age=16, projects=1)
        round_made("sixty", min_age=60, projects=1)
    facts = {"birthdate": born(34), "local_authority": area, "vot": "P2", "txn": "a transaction", "ucrn": "99887766"}
    person = national_realm.account("nan", address="nan@people.example", **facts)
    alpha, beta = site(tenants.alpha), site(tenants.beta)
    visitor = Visitor()
    assert alpha.get(national(visitor, alpha, person)).status_code == 302
    found = told_here(tenants.alpha)
    assert found is not None
    assert (found.provider, found.rung, found.over, found.under) == ("scotaccount", "E4", (16,), (60,))
    assert found.areas == (area,)
    assert found.transaction == "a transaction"
    assert abs(found.at - time.time()) < 120
    # The other council asks nothing of the kind, and is told nothing of the kind.
    assert beta.get(visitor.go(away(beta))).status_code == 302
    assert told_here(tenants.beta) is None
    # Nothing of it stays: not at the councils, not in the account.
    account = account_by(national_realm.run, "scotaccount", person, RealmKind.RESIDENTS)
    for text in (everything_kept(tenants.alpha), everything_kept(tenants.beta), str(account)):
        for word in (facts["birthdate"], "99887766", "a transaction", "Macsomebody", "nan@people.example", person.id):
            assert word not in text.replace(str(account["federatedIdentities"]), ""), word
    # The provider's own name for this person is another one for every service.
    assert person.id not in str(account)


def test_another_subject_is_another_person_whatever_its_address(
    sources: Sources, tenants: Any, site: Callable[..., Any]
) -> None:
    citizen = account_make(sources.national.run, "same")
    first = sources.national.account("same", address=citizen.address)
    seen = set()
    for account in (first, None):
        one = account or sources.national.account("same", address=citizen.address)
        browser = site(tenants.alpha)
        assert browser.get(national(Visitor(), browser, one)).status_code == 302
        sources.national.run.admin().call("DELETE", f"{sources.national.base}/users/{one.id}")
        with in_tenant(tenants.alpha):
            seen = set(Person.objects.values_list("subject", flat=True))
    assert len(seen) == 2
    assert subject_of(citizen.id, salt_of(tenants.alpha)) not in seen


def test_saying_no_at_the_national_provider_or_being_told_less_lets_nobody_in_as_more(
    sources: Sources, tenants: Any, site: Callable[..., Any]
) -> None:
    browser, visitor = site(tenants.alpha), Visitor()
    assert visitor.go(away(browser, "/rounds/x/vote/prove/?how=a")) == ""
    found = re.search(r'href="([^"]*/broker/scotaccount/login[^"]*)"', visitor.page)
    assert found
    assert visitor.go(urljoin(visitor.at, html.unescape(found[1]))) == ""
    words = parse_qs(urlsplit(visitor.at).query)
    # What a provider answers when somebody chooses to go back, or when it cannot do what was asked.
    for error in ("access_denied", "temporarily_unavailable", "server_error"):
        back = f"{words['redirect_uri'][0]}?{urlencode({'error': error, 'state': words['state'][0]})}"
        where = visitor.go(back)
        assert "code=" not in where
        assert where or 'data-page-id="login-' in visitor.page
    with in_tenant(tenants.alpha):
        assert not Person.objects.exists()
    # A person who was looked at less well, or about whom less is told, gets in as just that.
    weak = sources.national.account("weak", vot="P0", birthdate="not a date", local_authority="S99999999")
    assert browser.get(national(Visitor(), browser, weak)).status_code == 302
    found_here = told_here(tenants.alpha)
    assert found_here is not None
    assert (found_here.rung, found_here.over, found_here.under, found_here.areas) == ("", (), (), ())
    assert not found_here.reaches("E3")


def test_the_providers_keys_change_and_its_clock_is_wrong(
    sources: Sources, tenants: Any, site: Callable[..., Any]
) -> None:
    upstream, admin = sources.national, sources.national.run.admin()
    person = upstream.account("key", vot="P2")

    def tries() -> bool:
        browser, visitor = site(tenants.alpha), Visitor()
        back = national(visitor, browser, person)
        return bool(back) and browser.get(back).status_code == 302

    assert tries()
    realm = admin.call("GET", upstream.base)
    fresh = {
        "name": "fresh",
        "providerId": "rsa-generated",
        "providerType": "org.keycloak.keys.KeyProvider",
        "parentId": realm["id"],
        "config": {"priority": ["500"], "enabled": ["true"], "active": ["true"], "algorithm": ["RS256"]},
    }
    before = admin.call("GET", f"{upstream.base}/keys")["active"]["RS256"]
    admin.call("POST", f"{upstream.base}/components", fresh)
    assert admin.call("GET", f"{upstream.base}/keys")["active"]["RS256"] != before
    # Keycloak asks a provider for its keys no more often than every ten seconds.
    deadline = time.monotonic() + 15
    while not (worked := tries()) and time.monotonic() < deadline:
        time.sleep(1)
    assert worked
    # A token that is good only from an hour on comes from a clock that is wrong by more than half a minute.
    (client,) = admin.call("GET", f"{upstream.base}/clients", clientId="commonty")
    path = f"{upstream.base}/clients/{client['id']}/protocol-mappers/models"
    with in_tenant(tenants.alpha):
        people = Person.objects.count()
    for ahead, good in ((20, True), (3600, False)):
        config = {"claim.name": "nbf", "claim.value": str(int(time.time()) + ahead), "jsonType.label": "long"}
        body = {"protocol": "openid-connect", "protocolMapper": "oidc-hardcoded-claim-mapper", "name": "clock"}
        admin.call("POST", path, {**body, "config": {**config, "id.token.claim": "true"}})
        try:
            assert tries() is good, ahead
        finally:
            made = next(row for row in admin.call("GET", path) if row["name"] == "clock")
            admin.call("DELETE", f"{path}/{made['id']}")
    with in_tenant(tenants.alpha):
        assert Person.objects.count() == people


def test_a_round_for_older_people_is_shut_to_whom_the_provider_calls_younger(sources: Sources, tenants: Any) -> None:
    for slug, age in (("sixty", 60), ("sixteen", 16)):
        round_open(tenants.alpha, slug, min_age=age, proofs=["national-sign-in"])
    person = sources.national.account("mid", birthdate=born(34), vot="P2")
    voter = Resident(tenants.alpha)
    for slug in ("sixty", "sixteen"):
        voter.fill(slug, "P-01")
    back = national(Visitor(), voter.browser, person, voter.at("sixty", "prove/?how=national-sign-in"))
    assert voter.browser.get(back).status_code == 302
    refused = voter.confirms_sign_in("sixty")
    assert refused.status_code == 409
    assert "aged 60 and over" in refused.content.decode()
    assert voter.confirms_sign_in("sixteen").status_code == 302
    assert voter.send(voter.send_form("sixteen")).status == 303
