"""Whatever a ballot must not be: refused with its reason, nothing stored, and the right one still goes in."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.db import transaction

from core.kernel import crypto
from core.proposals.models import Proposal
from core.rounds.models import Round
from core.rounds.services import round_advance
from core.voting.models import Ballot, RollEntry, RoundSeal
from core.voting.services import Credential
from core.web.public import credential as credentials
from core.web.public.cookies import cookie_name
from plugins.host import codes
from tenants.registry.context import Role, in_tenant
from tests.support.journey import Resident, SendForm, messages_sent, round_open, wsgi_post
from tests.support.rounds import round_made

ADDRESS = "mairi@example.org"


def boxes(tenant: Any) -> int:
    with in_tenant(tenant, role=Role.WORKER):
        return int(Ballot.objects.values("pk").count())


@pytest.fixture
def row(tenants: Any) -> Round:
    return round_open(tenants.alpha)


@pytest.fixture(params=[True, False], ids=["entry", "view"])
def voter(request: Any, tenants: Any, row: Round) -> Resident:
    """Somebody with a ballot and a credential, on the page that sends."""
    resident = Resident(tenants.alpha, entry=request.param)
    resident.fill("leith", "P-01")
    resident.proves_by_code("leith", ADDRESS)
    return resident


@pytest.fixture
def form(voter: Resident) -> Iterator[SendForm]:
    """The form of that page; after the test it must still send, since nothing of what was refused was stored."""
    form = voter.send_form("leith")
    yield form
    assert boxes(voter.tenant) == 0
    assert voter.send(form).to == voter.at("leith", "done/")
    assert boxes(voter.tenant) == 1


@pytest.mark.parametrize(
    "chosen",
    [
        pytest.param(["P-99"], id="unknown"),
        pytest.param(["P-01", "P-01"], id="twice"),
        pytest.param(["P-06"], id="withdrawn"),
        pytest.param(["Q-01"], id="of another round"),
        pytest.param(["P-01", "P-02", "P-03", "P-04"], id="too many"),
        pytest.param([], id="none"),
        pytest.param([""], id="empty"),
        pytest.param(["P-01", "'; DROP TABLE voting_ballot; --"], id="a statement"),
        pytest.param(["P-01\x00"], id="a zero byte"),
        pytest.param(["-1"] * 900, id="very many"),
        pytest.param(["P-01"] * 1100, id="more fields than are read"),
        pytest.param(["x" * 70_000], id="longer than is read"),
    ],
)
def test_a_ballot_that_is_not_right_is_not_taken(tenants: Any, chosen: list[str], request: Any) -> None:
    with in_tenant(tenants.alpha):
        row = round_made(ballot=("approval", {"maximum": 3}))
        with transaction.atomic():
            Proposal.objects.filter(ref="P-06").update(state="withdrawn")
        round_advance(round=row, verb="open_voting", actor=None)
    voter = Resident(tenants.alpha)
    voter.fill("leith", "P-01")
    voter.proves_by_code("leith", ADDRESS)
    good = voter.send_form("leith")
    for entry in (True, False):
        voter.entry = entry
        answer = voter.send(good.but(project=chosen))
        assert (answer.status, answer.refused) == (303, "voting.ballot")
    page = voter.browser.get(answer.to)
    assert page.status_code == 409
    assert b"This ballot was not taken. Nothing was stored." in page.content
    # What was kept is still there to be sent.
    assert voter.send(voter.send_form("leith")).status == 303
    assert boxes(tenants.alpha) == 1


def test_too_few(tenants: Any) -> None:
    round_open(tenants.alpha, ballot=("approval", {"minimum": 2, "maximum": 3}))
    voter = Resident(tenants.alpha)
    voter.fill("leith", "P-01", "P-02")
    voter.proves_by_code("leith", ADDRESS)
    form = voter.send_form("leith")
    assert voter.send(form.but(project="P-01")).refused == "voting.ballot"
    assert voter.send(form).to == voter.at("leith", "done/")


def test_fields_that_nobody_asked_for_change_nothing(voter: Resident, row: Round) -> None:
    """AB06: no revision, channel, time, price or weight comes from the browser."""
    extra = {"revision": "9", "channel": "paper", "closes_at": "2099-01-01", "budget": "1", "price": "0", "weight": "7"}
    assert voter.send(voter.send_form("leith").but(**extra)).to == voter.at("leith", "done/")
    assert b"takes the place of" not in voter.page("leith", "done/").content
    with in_tenant(voter.tenant):
        round_advance(round=row, verb="close_voting", actor=None)
        assert RoundSeal.objects.get().channels == {"web": 1}


def test_a_form_without_a_good_token_key_or_kind_is_refused(voter: Resident, form: SendForm) -> None:
    token = form.value("token")
    for bad in (None, "", "x", token[:-1], token[:-1] + ("0" if token[-1] != "0" else "1"), token + "0", "é" * 64):
        assert voter.send(form.but(token=bad)).refused == "voting.page"
    assert voter.send(form.but(token=[token, token])).refused == "voting.page"
    for bad in (None, "", "short", "k" * 65):
        assert voter.send(form.but(key=bad)).refused == "voting.key"
    for kind in ("multipart/form-data; boundary=x", "application/json", ""):
        cookies = {name: one.value for name, one in voter.browser.cookies.items()}
        answer = wsgi_post(voter.host, form.action, form.body(), cookies, CONTENT_TYPE=kind)
        assert answer.refused == "voting.ballot"
    for length in ("", "-1", "１", "9" * 30, "1e3"):
        answer = wsgi_post(voter.host, form.action, form.body(), cookies, CONTENT_LENGTH=length)
        assert answer.refused == "voting.ballot"


@pytest.mark.parametrize(
    "said",
    [
        {"HTTP_ORIGIN": "http://evil.example"},
        {"HTTP_ORIGIN": "null"},
        {"HTTP_ORIGIN": "http://beta.localhost"},
        {"HTTP_SEC_FETCH_SITE": "cross-site"},
        {"HTTP_SEC_FETCH_SITE": "same-site"},
    ],
    ids=str,
)
def test_a_form_of_another_site_is_refused(voter: Resident, form: SendForm, said: dict[str, str]) -> None:
    answer = voter.send(form, **said)
    assert answer.status == 403
    assert b"<h1>" in answer.content
    own = {"HTTP_ORIGIN": f"http://{voter.host}", "HTTP_SEC_FETCH_SITE": "same-origin"}
    assert voter.send(form.but(token=None), **own).refused == "voting.page"


def test_no_cookie_a_forged_one_or_one_of_another_purpose(voter: Resident, form: SendForm, row: Round) -> None:
    name = cookie_name("credential", row.id)
    good = voter.browser.cookies[name].value
    draft = voter.cookie("ballot", row.id)
    flipped = good[:40] + ("A" if good[40] != "A" else "B") + good[41:]
    for bad in ("", "x", "A" * 200, flipped, good[:-2], draft, secrets.token_urlsafe(150)):
        voter.browser.cookies[name] = bad
        answer = voter.send(form)
        assert answer.refused == "voting.credential"
    page = voter.browser.get(answer.to)
    assert page.status_code == 409
    assert b"Please show it once more" in page.content
    voter.browser.cookies[name] = good


def test_a_credential_of_another_tenant_or_round_is_worth_nothing(
    voter: Resident, form: SendForm, row: Round, tenants: Any
) -> None:
    own = cookie_name("credential", row.id)
    good = voter.browser.cookies[own].value
    # Another round of the same tenant, and the same round's name at another tenant.
    round_open(tenants.alpha, "fife")
    other_round, other_tenant = Resident(tenants.alpha), Resident(tenants.beta)
    beta_row = round_open(tenants.beta)
    for resident, slug in ((other_round, "fife"), (other_tenant, "leith")):
        resident.fill(slug, "P-01")
        resident.proves_by_code(slug, ADDRESS)
        theirs = resident.send_form(slug)
        foreign = next(one.value for name, one in resident.browser.cookies.items() if name.startswith("credential"))
        voter.browser.cookies[own] = foreign
        assert voter.send(form).refused == "voting.credential"
        assert voter.send(form.but(token=theirs.value("token"))).refused in ("voting.page", "voting.not_open")
    voter.browser.cookies[own] = good
    # A credential sealed by beta for alpha's round and entry: right in every word, made with the wrong key.
    entry = uuid4()
    with in_tenant(tenants.beta):
        assert beta_row.id != row.id
        sealed = crypto.token_seal(
            tenants.beta.of_epoch("vote-credential"),
            tenants.beta.uuid,
            {"r": row.id.hex, "e": entry.hex},
            ttl=timedelta(minutes=5),
        )
    with in_tenant(tenants.alpha):
        token = credentials.cast_token(Credential(row.id, entry))
    voter.browser.cookies[own] = sealed
    assert voter.send(form.but(token=token)).refused == "voting.credential"
    voter.browser.cookies[own] = good


def test_a_credential_ends_after_half_an_hour(
    voter: Resident, form: SendForm, row: Round, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = voter.browser.cookies[cookie_name("credential", row.id)].value
    with in_tenant(voter.tenant):
        known = credentials.credential_of({cookie_name("credential", row.id): good}, row.id)
        assert known is not None
        old = crypto.token_seal(
            voter.tenant.of_epoch("vote-credential"),
            voter.tenant.uuid,
            {"r": row.id.hex, "e": known.entry.hex},
            ttl=timedelta(seconds=-1),
        )
    assert credentials.LIFE.total_seconds() == 1800
    voter.browser.cookies[cookie_name("credential", row.id)] = old
    assert voter.send(form).refused == "voting.credential"
    assert b"how=code-by-email" in voter.page("leith", "prove/").content
    voter.browser.cookies[cookie_name("credential", row.id)] = good


def test_the_same_key_with_another_ballot_is_refused_and_the_first_stands(tenants: Any) -> None:
    """AB04: a client that waited too long sends again, with something else."""
    for revisable in (False, True):
        slug = "changing" if revisable else "once"
        round_open(tenants.alpha, slug, revisable=revisable)
        voter = Resident(tenants.alpha)
        voter.fill(slug, "P-01")
        voter.proves_by_code(slug, ADDRESS)
        form = voter.send_form(slug)
        assert voter.send(form).to == voter.at(slug, "done/")
        first = voter.receipt(slug)
        assert voter.send(form.but(project=["P-02"])).refused == "voting.key_reused"
        assert voter.send(form).to == voter.at(slug, "done/")
        assert voter.receipt(slug) == first
        # A new key: a change where the round takes changes, a refusal where it does not.
        changed = voter.send(form.but(project=["P-02"], key="another key of sixteen letters"))
        if revisable:
            assert changed.to == voter.at(slug, "done/")
            assert voter.receipt(slug) != first
        else:
            assert changed.refused == "voting.already_voted"
            assert b"Your first ballot stands" in voter.browser.get(changed.to).content
    assert boxes(tenants.alpha) == 3


def test_nobody_is_told_by_a_link_that_voting_is_over(voter: Resident, form: SendForm) -> None:
    for code in ("voting.closed", "voting.not_open", "<script>"):
        page = voter.browser.get(voter.at("leith", "prove/"), {"refused": code})
        assert b"has closed" not in page.content
        assert b"not open" not in page.content
        assert b"<script>" not in page.content
    stranger = Resident(voter.tenant)
    stranger.fill("leith", "P-01")
    for code in ("voting.already_voted", "voting.key_reused"):
        assert b"stands" not in stranger.browser.get(stranger.at("leith", "prove/"), {"refused": code}).content


def test_other_hosts_and_methods_are_the_sites_own_business(voter: Resident, form: SendForm) -> None:
    for host in ("alpha.staff.localhost", "hub.localhost", "nobody.localhost", "alpha.files.localhost", "evil.example"):
        answer = wsgi_post(host, form.action, form.body(), {})
        # Some hosts have a page for every address, and take no form without its token.
        assert answer.status in (403, 404), host
        assert not answer.to
    assert wsgi_post(voter.host, "/rounds/leith/vote/cast", form.body(), {}).status in (301, 404, 403)
    assert wsgi_post("evil.example", form.action, form.body(), {}).content == b"Not found\n"


# -- codes ------------------------------------------------------------------------------------------------------------


def wrong_of(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def test_a_code_is_good_once_and_for_a_few_tries(tenants: Any, row: Round) -> None:
    voter = Resident(tenants.alpha)
    voter.fill("leith", "P-01")
    page = voter.asks_for_code("leith", ADDRESS)
    code = voter.code_received(ADDRESS)
    for _try in range(4):
        refused = voter.types_code("leith", page, wrong_of(code))
        assert refused.status_code == 422
        assert b"That code is wrong, was used already or is too old." in refused.content
    assert voter.types_code("leith", page, code).status_code == 302
    used = voter.types_code("leith", page, code)
    assert (used.status_code, b"was used already" in used.content) == (422, True)
    # Guessed too often: the right code opens nothing any more, and a new one does.
    guesser = Resident(tenants.alpha)
    guesser.fill("leith", "P-01")
    page = guesser.asks_for_code("leith", "other@example.org")
    code = guesser.code_received("other@example.org")
    for _try in range(5):
        assert guesser.types_code("leith", page, wrong_of(code)).status_code == 422
    assert guesser.types_code("leith", page, code).status_code == 422
    guesser.proves_by_code("leith", "other@example.org")
    with in_tenant(tenants.alpha, role=Role.WORKER):
        assert RollEntry.objects.count() == 2


def test_an_old_code_is_refused_and_a_form_of_another_round_begins_again(
    tenants: Any, row: Round, monkeypatch: pytest.MonkeyPatch
) -> None:
    voter = Resident(tenants.alpha)
    voter.fill("leith", "P-01")
    with monkeypatch.context() as patch:
        patch.setattr(codes, "LIFE", timedelta(0))
        page = voter.asks_for_code("leith", ADDRESS)
    code = voter.code_received(ADDRESS)
    assert voter.types_code("leith", page, code).status_code == 422
    round_open(tenants.alpha, "fife")
    other = Resident(tenants.alpha)
    other.fill("fife", "P-01")
    answer = other.types_code("fife", page, code)
    assert (answer.status_code, answer["Location"]) == (302, other.at("fife", "prove/?how=code-by-email"))
    voter.proves_by_code("leith", ADDRESS)


def test_the_answer_is_the_same_whether_an_address_is_known_or_not(tenants: Any, row: Round) -> None:
    def shape(page: Any) -> tuple[int, str]:
        text = page.content.decode()
        kept = text.partition('name="kept" value="')[2].partition('"')[0]
        csrf = text.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
        return page.status_code, text.replace(kept, "").replace(csrf, "")

    known = Resident(tenants.alpha)
    known.votes("leith", ADDRESS, "P-01")
    pages = []
    # Known and on the roll, never seen, one nothing can be sent to, and one that has had too many codes.
    for address in (ADDRESS, "never.seen@example.org", "nobody@-bad-.example", *["flooded@example.org"] * 7):
        asker = Resident(tenants.alpha)
        asker.fill("leith", "P-01")
        pages.append(shape(asker.asks_for_code("leith", address)))
    assert len(set(pages)) == 1
    messages_sent(tenants.alpha)
    assert len([one for one in mail.outbox if one.to == ["flooded@example.org"]]) == 5
    assert not [one for one in mail.outbox if "-bad-" in one.to[0]]
