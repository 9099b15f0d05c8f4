"""The whole way of a resident over HTTP: fill, check, prove, send, receipt; on two tenants and by both proofs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.rounds.services import round_advance
from core.voting.models import Ballot, RollEntry, RoundSeal
from tenants.registry.context import Role, in_tenant
from tests.behaviour.test_signin import issuer, provided, signed_in  # noqa: F401  # fixtures by import
from tests.support.journey import Resident, round_open

ADDRESS = "demo-resident-1@people.example"


def counts(tenant: Any) -> tuple[int, int]:
    """Entries on the roll and ballots in the box, of every round."""
    with in_tenant(tenant, role=Role.WORKER):
        return RollEntry.objects.count(), Ballot.objects.values("pk").count()


@pytest.mark.parametrize("entry", [True, False], ids=["entry", "view"])
@pytest.mark.parametrize("prefix", ["", "/gd"])
def test_with_a_code_from_the_first_page_to_the_receipt(tenants: Any, entry: bool, prefix: str) -> None:
    for tenant in tenants:
        row = round_open(tenant)
        voter = Resident(tenant, entry=entry, prefix=prefix)
        assert voter.page("leith", "prove/")["Location"] == voter.at("leith")
        voter.fill("leith", "P-01", "P-03")
        ways = voter.page("leith", "prove/").content.decode()
        assert "how=code-by-email" in ways
        assert "how=national-sign-in" in ways
        voter.proves_by_code("leith", "Morag+vote@Example.org")
        form = voter.send_form("leith")
        assert [value for name, value in form.fields if name == "project"] == ["P-01", "P-03"]
        answer = voter.send(form)
        assert (answer.status, answer.to) == (303, voter.at("leith", "done/"))
        assert "no-store" in answer.headers["Cache-Control"]
        code = voter.receipt("leith")
        # What was chosen does not stay behind in the browser, and going back leads to the receipt.
        assert not voter.cookie("ballot", row.id)
        assert voter.page("leith", "prove/")["Location"] == voter.at("leith", "done/")
        looked_up = voter.browser.get(f"{prefix}/rounds/leith/receipts/", {"code": code.lower()})
        assert looked_up.status_code == 200
        assert ("Recorded." in looked_up.content.decode()) is (prefix == "")
        assert counts(tenant) == (1, 1)
        with in_tenant(tenant):
            assert round_advance(round=row, verb="close_voting", actor=None).state == "count"
            assert RoundSeal.objects.get(pk=row.pk).channels == {"web": 1}
    other = Resident(tenants.alpha).browser
    assert b"Not found." in other.get("/rounds/leith/receipts/", {"code": code}).content
    assert other.get("/rounds/leith/receipts/", {"code": "7777-7777"}).status_code == 422


@pytest.mark.usefixtures("provided")
def test_by_sign_in_and_by_code_one_person_is_one_entry(tenants: Any) -> None:
    for tenant in tenants:
        round_open(tenant)
        by_sign_in, by_code = Resident(tenant), Resident(tenant)
        by_sign_in.fill("leith", "P-02")
        away = by_sign_in.page("leith", "prove/?how=national-sign-in")
        assert away["Location"].startswith("/sign-in/?next=")
        signed_in(by_sign_in.browser, "demo-resident-1", by_sign_in.at("leith", "prove/?how=national-sign-in"))
        assert by_sign_in.confirms_sign_in("leith").status_code == 302
        assert by_sign_in.send(by_sign_in.send_form("leith")).to == by_sign_in.at("leith", "done/")
        assert by_sign_in.receipt("leith")
        # The same person by the other door, with another ballot: the first stands.
        again = by_code.votes("leith", ADDRESS, "P-05")
        assert again.refused == "voting.key_reused"
        page = by_code.browser.get(again.to)
        assert page.status_code == 409
        assert b"That one stands, and this one was not taken." in page.content
        assert counts(tenant) == (1, 1)
        # And with the same ballot: it is the same one.
        lost = Resident(tenant)
        assert lost.votes("leith", ADDRESS.upper().replace("@", "+vote@"), "P-02").to == lost.at("leith", "done/")
        assert lost.receipt("leith") == by_sign_in.receipt("leith")
        assert counts(tenant) == (1, 1)
        somebody = Resident(tenant)
        assert somebody.votes("leith", "someone.else@example.org", "P-02").to == somebody.at("leith", "done/")
        assert counts(tenant) == (2, 2)


@pytest.mark.usefixtures("provided")
def test_a_sign_in_without_a_verified_address_leads_to_the_other_way(
    tenants: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.web import sign_in

    round_open(tenants.alpha)
    voter = Resident(tenants.alpha)
    voter.fill("leith", "P-02")
    with monkeypatch.context() as patch:
        patch.setattr(sign_in, "session_email_keep", lambda request, email: None)
        signed_in(voter.browser, "demo-resident-1")
    answer = voter.confirms_sign_in("leith")
    assert answer.status_code == 422
    assert b"use another way" in answer.content
    assert counts(tenants.alpha) == (0, 0)
    voter.proves_by_code("leith", ADDRESS)
    assert voter.send(voter.send_form("leith")).status == 303
    assert counts(tenants.alpha) == (1, 1)


def test_a_vote_can_be_changed_where_the_round_says_so(tenants: Any) -> None:
    row = round_open(tenants.alpha, revisable=True)
    voter = Resident(tenants.alpha)
    voter.votes("leith", ADDRESS, "P-01")
    first = voter.receipt("leith")
    # Whoever comes next at this device is asked to show it anew, and is not taken for the one before.
    voter.fill("leith", "P-02")
    assert b"how=code-by-email" in voter.page("leith", "prove/").content
    voter.proves_by_code("leith", ADDRESS)
    assert voter.send(voter.send_form("leith")).status == 303
    assert voter.receipt("leith") != first
    assert b"takes the place of the one you sent before" in voter.page("leith", "done/").content
    assert counts(tenants.alpha) == (1, 2)
    with in_tenant(tenants.alpha):
        round_advance(round=row, verb="close_voting", actor=None)
        seal = RoundSeal.objects.get(pk=row.pk)
        assert (seal.boxes, seal.kept) == (2, 1)


def test_double_submit_back_button_and_two_tabs(tenants: Any) -> None:
    round_open(tenants.alpha)
    voter = Resident(tenants.alpha)
    voter.fill("leith", "P-01")
    voter.proves_by_code("leith", ADDRESS)
    form, other_tab = voter.send_form("leith"), voter.send_form("leith")
    assert voter.send(form).to == voter.at("leith", "done/")
    receipt = voter.receipt("leith")
    # The same button once more, and the same page in another tab: the same ballot, the same receipt.
    for again in (form, other_tab):
        assert voter.send(again).to == voter.at("leith", "done/")
        assert voter.receipt("leith") == receipt
    # Another choice from the other tab is not taken, and the page says so.
    answer = voter.send(other_tab.but(project="P-02"))
    assert answer.refused == "voting.key_reused"
    page = voter.browser.get(answer.to)
    assert (page.status_code, b"That one stands" in page.content) == (409, True)
    assert counts(tenants.alpha) == (1, 1)


def test_two_voters_at_one_device_are_two(tenants: Any) -> None:
    row = round_open(tenants.alpha)
    device = Resident(tenants.alpha)
    device.fill("leith", "P-01")
    device.proves_by_code("leith", "first@example.org")
    left_open = device.send_form("leith")
    device.proves_by_code("leith", "second@example.org")
    # The page of the first does not send for the second.
    answer = device.send(left_open)
    assert answer.refused == "voting.page"
    page = device.browser.get(answer.to)
    assert (page.status_code, b"made for another voter" in page.content) == (409, True)
    assert counts(tenants.alpha) == (2, 0)
    assert device.send(device.send_form("leith")).status == 303
    assert device.cookie("receipt", row.id)
    device.fill("leith", "P-02")
    device.proves_by_code("leith", "first@example.org")
    assert not device.cookie("receipt", row.id)
    assert device.send(device.send_form("leith")).status == 303
    assert counts(tenants.alpha) == (2, 2)


def test_only_looking_at_the_address_leads_to_the_page_that_sends(tenants: Any, site: Callable[..., Any]) -> None:
    round_open(tenants.alpha)
    answer = site(tenants.alpha).get("/rounds/leith/vote/cast/")
    assert (answer.status_code, answer["Location"]) == (302, "/rounds/leith/vote/prove/")
    assert site(tenants.alpha).get("/rounds/nowhere/vote/cast/").status_code == 404
    assert b"There is no receipt in this browser" in site(tenants.alpha).get("/rounds/leith/vote/done/").content
