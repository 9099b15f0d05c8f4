"""Two accounts of one person stay two until that person makes them one at both ends; the roll knows both."""

from __future__ import annotations

import html
import json
import re
import time
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import transaction

from core.audit.models import AuditEvent
from core.kernel.env import environment
from core.people import linking
from core.people.linking import MOST_TRIES, link_code_make
from core.people.models import Person, PersonAlias, Session
from core.people.proof import FRESH, LEVEL, PROVED_AT
from core.people.selectors import subjects_of
from core.people.services import person_know, role_grant, sessions_end
from tenants.registry.context import Role, in_tenant
from tests.behaviour.test_account import file_on_page
from tests.behaviour.test_signin import issuer, provided, signed_in  # noqa: F401  # fixtures by import
from tests.login.test_sessions import change
from tests.plugins.test_threads import PAGE, say, talked
from tests.support.jobs import work
from tests.support.journey import Resident, round_open
from tests.support.keycloak import Running, configured
from tests.support.residents import resident

LINK = "/account/link/"
VOTED = {"voting.already_voted", "voting.key_reused"}
AILSA, CALUM = "demo-resident-1", "demo-resident-2"


def text(answer: Any) -> str:
    return html.unescape(answer.content.decode())


def code_made(client: Any) -> str:
    answer = client.post(LINK, {"do": "make"})
    assert answer.status_code == 200, text(answer)
    assert "no-store" in answer["Cache-Control"]
    found = re.search(r'class="cc-receipt">([0-9A-Z-]{16})<', text(answer))
    assert found, text(answer)
    return found[1]


def enters(client: Any, code: str) -> Any:
    return client.post(LINK, {"do": "enter", "code": code})


def links(client: Any, code: str) -> Any:
    return client.post(LINK, {"do": "link", "code": code, "sure": "on"})


def whole(tenant: Any) -> tuple[int, int]:
    with in_tenant(tenant):
        return Person.objects.count(), PersonAlias.objects.count()


@pytest.fixture
def ends(provided: str, tenants: Any, site: Any) -> tuple[Any, Any]:  # noqa: F811
    """Somebody with two accounts, signed in with each in a browser of its own."""
    first, second = site(tenants.alpha), site(tenants.alpha)
    for browser, subject in ((first, AILSA), (second, CALUM)):
        assert signed_in(browser, subject).status_code == 302
    return first, second


def test_two_accounts_become_one_by_an_act_at_both_ends(ends: Any, tenants: Any, site: Any) -> None:
    first, second = ends
    talked(tenants.alpha)
    for browser, words in ((first, "A bench"), (second, "A tree")):
        assert say(browser, text=words).status_code == 302
    row = round_open(tenants.alpha, "voting", proofs=["national-sign-in"])
    voter = Resident(tenants.alpha)
    voter.browser = second
    voter.fill(row.slug, "P-01")
    assert voter.confirms_sign_in(row.slug).status_code == 302
    assert voter.send(voter.send_form(row.slug)).status == 303
    # The same address at the sign-in service, and the same browser, link nothing.
    assert whole(tenants.alpha) == (2, 0)
    assert "I have another account here" in text(first.get("/account/"))
    code = code_made(first)
    asked = enters(second, code.lower().replace("-", " "))
    assert "Demo resident Ailsa" in text(asked)
    assert whole(tenants.alpha) == (2, 0)
    assert links(second, code).status_code == 200
    assert whole(tenants.alpha) == (2, 1)
    assert second.get("/account/").status_code == 302, "signed out"
    work(tenants.alpha)
    assert whole(tenants.alpha) == (1, 1)
    # By either account the same person, whose own things stand; the other's went.
    assert signed_in(second, CALUM).status_code == 302
    page = text(second.get("/account/"))
    assert "Demo resident Ailsa" in page
    assert CALUM in page
    words = text(first.get(PAGE))
    assert "A bench" in words
    assert "A tree" not in words
    # Whoever has voted by one of them has voted.
    voter.browser = first
    voter.fill(row.slug, "P-02")
    assert voter.confirms_sign_in(row.slug).status_code == 302
    assert voter.send(voter.send_form(row.slug)).refused in VOTED
    # The file names it, and nobody else is told which accounts are one.
    first.post("/account/file/")
    work(tenants.alpha)
    held = json.loads(first.post(f"/account/file/{file_on_page(first)}/").content)["held"]
    assert [one["subject"] for one in held["people"]["linked accounts"]] == [CALUM]
    with in_tenant(tenants.alpha):
        assert AuditEvent.objects.get(kind="accounts_linked").body == {}
    # At the other council they are two, as before.
    third = site(tenants.beta)
    assert signed_in(third, CALUM).status_code == 302
    assert "Demo resident Calum" in text(third.get("/account/"))
    # Erased is erased, with every account: whoever comes by the other one is somebody new, and has voted.
    assert first.post("/account/erase/", {"sure": "on"}).status_code == 200
    work(tenants.alpha)
    assert whole(tenants.alpha) == (0, 0)
    fourth = site(tenants.alpha)
    assert signed_in(fourth, CALUM).status_code == 302
    assert "Demo resident Calum" in text(fourth.get("/account/"))
    voter.browser = fourth
    voter.fill(row.slug, "P-02")
    assert voter.confirms_sign_in(row.slug).status_code == 302
    assert voter.send(voter.send_form(row.slug)).refused in VOTED


def test_a_code_is_good_once_for_a_while_here_and_for_somebody_else(
    ends: Any, tenants: Any, site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = ends
    foreign = site(tenants.beta)
    assert signed_in(foreign, AILSA).status_code == 302
    third = resident(tenants.alpha, "elsewhere")
    old = code_made(first)
    code = code_made(first)
    refusals = {
        "earlier": (second, old),
        "made up": (second, "0000-0000-0000-0"),
        "no code at all": (second, "please"),
        "another council's": (second, code_made(foreign)),
        "at another council": (foreign, code),
    }
    for name, (client, value) in refusals.items():
        for act in (enters, links):
            answer = act(client, value)
            assert answer.status_code == 409, name
            assert "This code is not good here, or not any more." in text(answer), name
    same = links(first, code)
    assert same.status_code == 409
    assert "the account that you are signed in with now" in text(same)
    # Residents by another service, as officers are.
    apart = links(third, code)
    assert apart.status_code == 409
    assert "officers and of residents stay apart" in text(apart)
    assert second.post(LINK, {"do": "enter", "code": ""}).status_code == 422
    unsure = second.post(LINK, {"do": "link", "code": code})
    assert unsure.status_code == 422
    assert "Tick the box if you are sure." in text(unsure)
    assert whole(tenants.alpha) == (3, 0)
    with redis.Redis.from_url(environment().redis_url) as kept:
        words = {name: kept.get(name) for name in kept.keys("*link-code*")}
        assert words
        assert code.encode() not in repr(words).encode(), "only a mark of it is kept"
    monkeypatch.setattr(linking, "LIFE", timedelta(seconds=1))
    late = code_made(second)
    time.sleep(1.2)  # until it is over, by the clock of who keeps it
    fourth = site(tenants.alpha)
    assert signed_in(fourth, "demo-resident-3").status_code == 302
    assert links(fourth, late).status_code == 409
    assert links(fourth, code).status_code == 200
    # Used.
    assert links(third, code).status_code == 409
    assert whole(tenants.alpha) == (4, 1)


def test_tries_are_counted_and_a_good_code_too_late_is_not_taken(ends: Any, tenants: Any) -> None:
    first, second = ends
    code = code_made(first)
    for _guess in range(MOST_TRIES):
        assert "not good here" in text(enters(second, "0000-0000-0000-0"))
    answer = links(second, code)
    assert answer.status_code == 409
    assert "You have entered too many codes." in text(answer)
    assert whole(tenants.alpha) == (2, 0)


def test_whoever_works_here_is_one_account(ends: Any, tenants: Any) -> None:
    first, second = ends
    code = code_made(first)
    for subject, client in ((AILSA, first), (CALUM, second)):
        with in_tenant(tenants.alpha), transaction.atomic():
            person = Person.objects.get(subject=subject)
            grant = role_grant(person=person, role="observer", giver=None)
        assert "Ask an officer to end the role first." in text(client.get(LINK))
        assert client.post(LINK, {"do": "make"}).status_code == 409
        answer = links(second, code)
        assert answer.status_code == 409
        assert "holds a role here" in text(answer)
        with in_tenant(tenants.alpha, role=Role.WORKER), transaction.atomic():
            grant.delete()
    assert whole(tenants.alpha) == (2, 0)
    assert links(second, code).status_code == 200


def test_two_codes_entered_crosswise_make_no_circle(ends: Any, tenants: Any, site: Any) -> None:
    first, second = ends
    ours, theirs = code_made(first), code_made(second)
    assert links(second, ours).status_code == 200
    assert links(first, theirs).status_code == 409
    with in_tenant(tenants.alpha, role=Role.VOTER):
        # Made at that very moment, by whoever is not erased yet.
        late = link_code_make(person=Person.objects.get(subject=CALUM))
    assert links(first, late).status_code == 409
    assert whole(tenants.alpha)[1] == 1
    work(tenants.alpha)
    # A third account brought along what was linked with it before.
    third = site(tenants.alpha)
    assert signed_in(third, "demo-resident-3").status_code == 302
    assert links(first, code_made(third)).status_code == 200
    work(tenants.alpha)
    with in_tenant(tenants.alpha):
        one = Person.objects.get()
        assert set(subjects_of(one)) == {AILSA, CALUM, "demo-resident-3"}


def test_an_account_is_taken_off_and_the_provider_ends_every_session(ends: Any, tenants: Any, site: Any) -> None:
    first, second = ends
    assert links(second, code_made(first)).status_code == 200
    work(tenants.alpha)
    assert signed_in(second, CALUM).status_code == 302
    with in_tenant(tenants.alpha):
        alias = PersonAlias.objects.get()
        assert Session.objects.filter(person=alias.person).count() == 2
        assert sessions_end(issuer=alias.issuer, subject=alias.subject) > 0
        assert not Session.objects.filter(person=alias.person).exists()
    for browser, subject in ((first, AILSA), (second, CALUM)):
        assert signed_in(browser, subject).status_code == 302
    stranger = site(tenants.alpha)
    assert signed_in(stranger, "demo-resident-3").status_code == 302
    off = f"{LINK}{alias.pk}/end/"
    assert stranger.post(off).status_code == 404
    assert first.post(off).status_code == 302
    assert second.get("/account/").status_code == 302
    assert first.get("/account/").status_code == 200
    assert first.post(off).status_code == 404
    with in_tenant(tenants.alpha):
        assert person_know(issuer=alias.issuer, subject=alias.subject).display_name != "Demo resident Ailsa"


def test_both_ends_have_shown_lately_who_they_are_and_one_account_is_deleted_at_a_time(tenants: Any) -> None:
    first, second = resident(tenants.alpha, "ailsa"), resident(tenants.alpha, "calum")
    # Nobody answers at this service, and it says how lately somebody has shown who they are.
    with configured(Running("http://127.0.0.1:9", "nobody's")):
        for client in (first, second):
            assert client.post(LINK, {"do": "make"}).status_code == 403
            change(client, **{LEVEL: 1, PROVED_AT: time.time()})
        code = code_made(first)
        change(second, **{PROVED_AT: time.time() - (FRESH.within or 0) - 60})
        assert links(second, code).status_code == 403
        assert whole(tenants.alpha) == (2, 0)
        change(second, **{PROVED_AT: time.time()})
        assert links(second, code).status_code == 200
        refused = first.post("/account/farewell/", {"sure": "on"})
        assert refused.status_code == 409
        assert "Take them apart first" in text(refused)
        assert settings.SESSION_COOKIE_NAME in first.cookies
