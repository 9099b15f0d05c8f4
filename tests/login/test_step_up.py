"""Stronger and fresher proof where it matters: asked for, verified, and never at the cost of what was filled in."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.urls import get_resolver

from core.kernel.errors import Refused
from core.people.models import Person
from core.people.proof import FRESH, LEVEL, PROVED_AT, STRONG
from core.people.services import role_grant
from core.people.sso.claims import Identity, proof_check
from core.people.sso.realm.server import segment
from core.people.sso.realm.service import realm_apply
from core.people.sso.sites import RealmKind, realm_names
from core.rounds.models import Round
from tenants.registry.context import in_public, in_tenant
from tenants.registry.hosts import forget
from tenants.registry.models import Tenant
from tests.house.test_urls_access import routes
from tests.login.test_sessions import asked, change
from tests.support.http import away
from tests.support.keycloak import PASSWORD, Running, Visitor, account_make, code_of
from tests.support.rounds import round_made

# design.md 5: opening or closing a vote, rule changes, tally, awards, role changes, support access.
PROVEN = {
    "core.project.urls_staff": {
        "rounds/<slug:slug>/steps/<slug:verb>/",
        "rounds/<slug:slug>/rules/",
        "rounds/<slug:slug>/rules/settings/",
        "rounds/<slug:slug>/count/",
        "entrusted/new/",
        "entrusted/<uuid:delegation>/",
        "people/new/",
        "people/<uuid:grant>/end/",
        "people/groups/",
        "people/groups/<uuid:group>/end/",
        "people/proposed/<uuid:proposal>/",
        "setup/colleagues/",
        "join/",
        "support/",
        "support/enter/",
    },
    "core.project.urls_hub_staff": {
        "console/modules/<slug:kind>/<slug:key>/",
        "console/support/",
        "console/tenants/new/",
        "console/tenants/<slug:slug>/",
    },
}
CANCEL = "/rounds/leith/steps/cancel/"
WORDS = {"reason_code": "funding", "reason": "The hall has burnt down & nobody can meet."}


def unasked(address: str) -> str:
    """The address as a browser may change it: without the level that we asked for."""
    return re.sub(r"&claims=[^&]+", "", address)


def officer_of(tenant: Any, name: str) -> None:
    with in_tenant(tenant):
        role_grant(person=Person.objects.get(display_name=name), role="officer", giver=None)


def onward(answer: Any) -> str:
    """Where the page that asks for more proof leads."""
    assert answer.status_code == 403
    found = re.search(rb'href="(/sign-in/\?prove=[^"]+)"', answer.content)
    assert found, answer.content
    return html.unescape(found[1].decode())


def sets_up(visitor: Visitor) -> str:
    """Set up codes by phone on the page that Keycloak shows for it."""
    found = re.search(r'name="totpSecret"[^>]*value="([^"]+)"', visitor.page)
    assert found, visitor.page
    secret = html.unescape(found[1])
    return visitor.send(totp=code_of(secret), totpSecret=secret, userLabel="phone")


@pytest.mark.keycloak
def test_an_officer_without_a_second_factor_is_led_through_setting_it_up_before_anything_else(
    keycloak: Running, tenants: Any, site: Callable[..., Any]
) -> None:
    account = account_make(keycloak, "isobel", kind=RealmKind.STAFF)
    desk, visitor = site(tenants.alpha, purpose="staff"), Visitor()
    assert visitor.signs_in(away(desk, "/rounds/"), account) == ""
    assert desk.get(sets_up(visitor))["Location"] == "/rounds/"
    officer_of(tenants.alpha, "Isobel")
    assert desk.get("/rounds/").status_code == 200
    assert desk.get("/cms/").status_code == 200
    # Somebody who changes the address in their browser gets in nowhere, and is told what would be enough.
    other = account_make(keycloak, "jessie", kind=RealmKind.STAFF)
    weak, walker = site(tenants.alpha, purpose="staff"), Visitor()
    assert weak.get(walker.signs_in(unasked(away(weak)), other)).status_code == 302
    officer_of(tenants.alpha, "Jessie")
    for page in ("/", "/rounds/", "/people/", "/cms/"):
        answer = weak.get(page)
        assert answer.status_code == 403
        assert b"six-figure code from an app on your phone" in answer.content
    assert weak.post("/people/new/", {"name": "x"}).status_code == 403
    # The way on leads through setting it up, with no second password.
    address = weak.get(onward(weak.get("/people/")))["Location"]
    assert walker.go(address) == ""
    assert 'name="password"' not in walker.page
    assert weak.get(sets_up(walker))["Location"] == "/people/"
    assert weak.get("/people/").status_code == 200


@pytest.fixture
def group(keycloak: Running, tenants: Any) -> Iterator[Any]:
    """Beta as a community group, whose staff host is the residents' realm."""

    def become(kind: str) -> None:
        with in_public():
            Tenant.objects.filter(id=tenants.beta.uuid).update(kind=kind)
        forget()
        for realm in (realm_names().residents, realm_names().staff):
            clients = f"realms/{segment(realm)}/clients"
            # A client that lost its host is told of and removed by hand.
            for one in keycloak.admin().call("GET", clients, clientId="commonty-beta-staff"):
                keycloak.admin().call("DELETE", f"{clients}/{one['id']}")
        assert realm_apply()[1] == []

    become("community")
    yield tenants.beta
    become("council")


@pytest.mark.keycloak
def test_a_groups_volunteer_is_a_resident_and_is_asked_when_it_matters(
    keycloak: Running, group: Any, site: Callable[..., Any]
) -> None:
    account = account_make(keycloak, "dolina")
    desk, visitor = site(group, purpose="staff"), Visitor()
    assert desk.get(visitor.signs_in(away(desk), account))["Location"] == "/privacy/"
    officer_of(group, "Dolina")
    assert desk.get("/rounds/").status_code == 200
    asking = desk.post("/people/new/?name=Do", {"role": "observer"})
    assert b"six-figure code" in asking.content
    assert visitor.go(desk.get(onward(asking))["Location"]) == ""
    assert desk.get(sets_up(visitor))["Location"] == "/people/new/?name=Do"
    assert desk.post("/people/new/?name=Do", {"role": "observer"}).status_code != 403


@pytest.mark.keycloak
def test_a_half_filled_form_is_kept_while_its_owner_proves_again_who_they_are(
    keycloak: Running, tenants: Any, site: Callable[..., Any]
) -> None:
    account = account_make(keycloak, "catriona", kind=RealmKind.STAFF, otp=True)
    desk, visitor = site(tenants.alpha, purpose="staff"), Visitor()
    assert desk.get(visitor.signs_in(away(desk), account)).status_code == 302
    officer_of(tenants.alpha, "Catriona")
    with in_tenant(tenants.alpha):
        round_made("leith")
    change(desk, **{PROVED_AT: time.time() - (STRONG.within or 0) - 60})
    # Reading and what does not matter that much go on.
    assert desk.get(CANCEL).status_code == 200
    asking = desk.post(CANCEL, {**WORDS, "seen": "ballot_prep"})
    assert b"kept" in asking.content
    assert state(tenants.alpha) == "ballot_prep"
    address = desk.get(onward(asking))["Location"]
    assert "two-factors" in asked(address)["claims"]
    back = visitor.go(address) or visitor.send(otp=account.code(ahead=1))
    answer = desk.get(back)
    assert answer["Location"] == CANCEL
    page = desk.get(CANCEL).content.decode()
    assert html.escape(WORDS["reason"]) in page
    assert re.search(r'value="funding"[^>]*checked', page)
    assert "send it again" in page
    assert state(tenants.alpha) == "ballot_prep"
    assert desk.post(CANCEL, {**WORDS, "seen": "ballot_prep"}).status_code == 302
    assert state(tenants.alpha) == "cancelled"
    # Given back once, and to its owner only.
    assert WORDS["reason"].split()[-1] not in desk.get("/people/new/").content.decode()


@pytest.mark.keycloak
def test_what_was_filled_in_is_never_given_to_somebody_else(
    keycloak: Running, tenants: Any, site: Callable[..., Any]
) -> None:
    first = account_make(keycloak, "effie", kind=RealmKind.STAFF, otp=True)
    second = account_make(keycloak, "flora", kind=RealmKind.STAFF, otp=True)
    desk = site(tenants.alpha, purpose="staff")
    other = site(tenants.alpha, purpose="staff")
    for browser, account, name in ((desk, first, "Effie"), (other, second, "Flora")):
        assert browser.get(Visitor().signs_in(away(browser), account)).status_code == 302
        officer_of(tenants.alpha, name)
    with in_tenant(tenants.alpha):
        round_made("leith")
    change(desk, **{PROVED_AT: 0})
    address = desk.get(onward(desk.post(CANCEL, {**WORDS, "seen": "ballot_prep"})))["Location"]
    visitor = Visitor()
    visitor.go(address)
    visitor.send(username=second.address, password=PASSWORD)
    back = visitor.send(otp=second.code(ahead=1))
    assert desk.get(back).status_code == 302
    assert "burnt down" not in desk.get(CANCEL).content.decode()


@pytest.mark.keycloak
def test_the_level_and_its_moment_are_verified_and_never_believed_from_the_request(
    keycloak: Running, tenants: Any, site: Callable[..., Any]
) -> None:
    account = account_make(keycloak, "sorcha", otp=True)
    browser, visitor = site(tenants.alpha), Visitor()
    assert browser.get(visitor.signs_in(unasked(away(browser)), account)).status_code == 302
    address = browser.get("/sign-in/", {"prove": "strong", "next": "/account/"})["Location"]
    # With the level struck out of the address the first factor comes back, and is refused with what would be enough.
    answer = browser.get(visitor.go(unasked(address)))
    assert answer.status_code == 403
    assert b"not strongly enough" in answer.content
    assert b"six-figure code" in answer.content
    assert b'href="/sign-in/?prove=strong&amp;next=/account/"' in answer.content
    # Asked for as it is, only the second factor is asked.
    address = browser.get("/sign-in/", {"prove": "strong", "next": "/account/"})["Location"]
    assert visitor.go(address) == ""
    assert 'name="otp"' in visitor.page
    assert 'name="password"' not in visitor.page
    assert browser.get(visitor.send(otp=account.code()))["Location"] == "/account/"
    with in_tenant(tenants.alpha):
        session = dict(browser.session)
    assert session[LEVEL] == 2
    assert time.time() - session[PROVED_AT] < 60
    # A fresh proof, with the word for it struck out: the old one's moment is seen in the answer.
    address = browser.get("/sign-in/", {"prove": "fresh", "next": "/account/"})["Location"]
    assert (asked(address)["prompt"], asked(address)["max_age"]) == ("login", "900")


def state(tenant: Any) -> str:
    with in_tenant(tenant):
        return str(Round.objects.get(slug="leith").state)


@pytest.mark.parametrize("urlconf", sorted(PROVEN))
def test_every_action_that_matters_asks_for_a_fresh_second_factor(urlconf: str) -> None:
    console = "console/" if urlconf.endswith("hub_staff") else ""
    found = {
        route
        for route, pattern in routes(get_resolver(urlconf).url_patterns)
        if getattr(pattern.callback, "proof", None) is STRONG and route.startswith(console)
    }
    assert found == PROVEN[urlconf]


@pytest.mark.keycloak
def test_a_resident_shows_again_who_they_are_before_they_are_erased(
    keycloak: Running, tenants: Any, site: Callable[..., Any]
) -> None:
    account = account_make(keycloak, "peigi")
    browser, visitor = site(tenants.alpha), Visitor()
    assert browser.get(visitor.signs_in(away(browser), account)).status_code == 302
    change(browser, **{PROVED_AT: time.time() - (FRESH.within or 0) - 60})
    for action in ("/account/erase/", "/account/file/"):
        asking = browser.post(action, {"sure": "on"})
        assert asking.status_code == 403
        assert b"six-figure code" not in asking.content
    asking = browser.post("/account/erase/", {"sure": "on"})
    # The national session stands, and is not enough.
    assert visitor.go(browser.get(onward(asking))["Location"]) == ""
    assert 'name="password"' in visitor.page
    back = browser.get(visitor.send(username=account.address, password=PASSWORD))
    assert back["Location"] == "/account/erase/"
    with in_tenant(tenants.alpha):
        assert Person.objects.count() == 1
    assert b"You are being erased here" in browser.post("/account/erase/", {"sure": "on"}).content
    assert browser.get("/account/").status_code == 302


def test_a_proof_from_before_the_sign_in_left_is_not_a_fresh_one() -> None:
    now = 1_800_000_000
    old = Identity("https://id.example", "someone", "", level=1, proved_at=now - 300)
    proof_check(old, level=1, within=900, since=now - 320, now=float(now))
    with pytest.raises(Refused) as refused:
        proof_check(old, level=1, within=900, since=now - 30, now=float(now))
    assert refused.value.code == "sign_in.stale"
