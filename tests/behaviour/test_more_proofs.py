"""Whole ways to the ballot box by the newer proofs: a code by text message, a name on a list, a checked identity."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from core.kernel.errors import Refused
from core.notices.carrying import channels_choose
from core.notices.mail import written_mail
from core.rounds.services import round_advance
from core.voting.models import Ballot, RollEntry
from core.web import sign_in
from core.web.attested import attested_keep
from plugins.api import SubjectRef
from plugins.host.lists import list_take
from tenants.registry.context import Role, in_tenant
from tests.behaviour.test_signin import issuer, provided, signed_in  # noqa: F401  # fixtures by import
from tests.support.journey import Resident, form_on, messages_sent, round_open
from tests.support.rounds import round_made

TYPED = {"first_name": "Mòrag", "last_name": "O’Donnell", "postcode": "eh66aa"}


@pytest.fixture
def letter_box(settings: Any, tmp_path: Path) -> None:
    """The demo's letter box, emptied: the channel `file` puts text messages there too."""
    settings.MESSAGE_FILES = settings.ENV.var_dir / "mail"


def answered(voter: Resident, way: str, page: Any, **typed: str) -> Any:
    return voter.browser.post(voter.at("leith", f"prove/?how={way}"), {**typed, **dict(form_on(page).fields)})


def counts(tenant: Any) -> tuple[int, int]:
    with in_tenant(tenant, role=Role.WORKER):
        return RollEntry.objects.count(), Ballot.objects.values("pk").count()


def test_a_code_by_text_message_from_the_form_to_the_receipt(tenants: Any, letter_box: None) -> None:
    """Voting does not open before something carries codes to phones; then each phone is one voter."""
    with in_tenant(tenants.beta):
        row = round_made(tenant="beta", proofs=["code-by-phone"])
        with pytest.raises(Refused) as refused:
            round_advance(round=row, verb="open_voting", actor=None)
        assert "no channel carries text messages" in str([one.message.en for one in refused.value.problems])
    with in_tenant(tenants.alpha, role=Role.STAFF), transaction.atomic():
        channels_choose(["file"])
    round_open(tenants.alpha, proofs=["code-by-phone"])
    receipts = []
    for typed in ("07700 900123", "+44 7700 900 123"):
        voter = Resident(tenants.alpha)
        voter.fill("leith", "P-02")
        first = voter.page("leith", "prove/")
        wrong = answered(voter, "code-by-phone", first, phone="0131 496 0000")
        assert wrong.status_code == 422
        assert "Enter a British mobile number" in wrong.content.decode()
        page = answered(voter, "code-by-phone", first, phone=typed)
        messages_sent(tenants.alpha)
        with in_tenant(tenants.alpha):
            sent = next(one for one in written_mail() if one.to == "+447700900123")
        code = re.search(r"\b(\d{6})\b", sent.body)
        assert code
        refused_code = answered(voter, "code-by-phone", page, code=f"{(int(code[1]) + 1) % 1_000_000:06}")
        assert "That code is wrong, was used already or is too old." in refused_code.content.decode()
        assert answered(voter, "code-by-phone", page, code=code[1]).status_code == 302
        assert voter.send(voter.send_form("leith")).to == voter.at("leith", "done/")
        receipts.append(voter.receipt("leith"))
    assert receipts[0] == receipts[1]
    assert (counts(tenants.alpha), counts(tenants.beta)) == ((1, 1), (0, 0))


def test_a_name_on_the_list_of_this_round_and_council(tenants: Any) -> None:
    rows = {tenant.slug: round_open(tenant, proofs=["roll-match"]) for tenant in tenants}
    with in_tenant(tenants.alpha, role=Role.STAFF):
        listed = "first_name,last_name,postcode\nMorag Ann,O'Donnell,EH6 6AA\n"
        subject = SubjectRef("round", str(rows["alpha"].id))
        list_take(key="roll-match", round=subject, data=listed.encode(), actor=None)
    for tenant, known in ((tenants.alpha, True), (tenants.beta, False)):
        voter = Resident(tenant)
        voter.fill("leith", "P-01")
        page = voter.page("leith", "prove/")
        stranger = answered(voter, "roll-match", page, **{**TYPED, "first_name": "Iain"})
        assert stranger.status_code == 422
        assert "We did not find you on the list" in stranger.content.decode()
        answer = answered(voter, "roll-match", page, **TYPED)
        assert answer.status_code == (302 if known else 422)
        if known:
            assert voter.send(voter.send_form("leith")).to == voter.at("leith", "done/")
    assert (counts(tenants.alpha), counts(tenants.beta)) == ((1, 1), (0, 0))


@pytest.mark.usefixtures("provided")
def test_only_an_identity_that_was_checked_is_enough(tenants: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    round_open(tenants.alpha, proofs=["verified-identity"])
    for level, known in (("P1", False), ("P2", True)):
        voter = Resident(tenants.alpha)
        voter.fill("leith", "P-02")
        told = {"kind": "scotaccount", "level": level}
        with monkeypatch.context() as patch:
            patch.setattr(sign_in, "attested_keep", lambda request, _, at=0, told=told: attested_keep(request, told))
            signed_in(voter.browser, "demo-resident-1")
        at = voter.at("leith", "prove/?how=verified-identity")
        assert voter.browser.get(at).status_code == 200
        answer = voter.browser.post(at, {"confirm": "1"})
        assert answer.status_code == (302 if known else 422)
        if known:
            assert voter.send(voter.send_form("leith")).to == voter.at("leith", "done/")
        else:
            assert "nobody has checked your identity" in answer.content.decode()
    assert counts(tenants.alpha) == (1, 1)
