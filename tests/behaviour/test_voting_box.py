"""The ballot box from the first ballot to the published result."""

from __future__ import annotations

from typing import Any

import pytest

from core.audit import outbox
from core.audit.models import OutboxMessage
from core.kernel.errors import Refused
from core.rounds.models import Round
from core.rounds.services import round_advance
from core.voting import selectors
from core.voting.models import BallotLog, RoundSeal, TallyRun
from core.voting.services import opening_approve
from tenants.registry.context import Role, in_tenant
from tests.support.votes import officers, vote, voting_open


def test_a_round_from_opening_to_result(tenants: Any) -> None:
    with in_tenant(tenants.alpha):
        row = voting_open()
        offer = selectors.offer_of(row)
        assert offer.digest
        assert len(offer.projects) == 5
        first, second = officers()
    with in_tenant(tenants.alpha, role=Role.VOTER):
        receipts = [
            vote(row.id, f"v{number}@example.com", *refs).receipt
            for number, refs in enumerate([("P-01", "P-02"), ("P-01",), ("P-02", "P-05"), ("P-01", "P-05")])
        ]
        assert len(set(receipts)) == 4
        assert selectors.receipt_status(row, receipts[0]).recorded
        assert not selectors.receipt_status(row, "0000-0000-0000-0").recorded
        assert selectors.result_of(row) is None
        assert selectors.turnout(row) is None
    with in_tenant(tenants.alpha):
        row = round_advance(round=row, verb="close_voting", actor=None)
        assert row.state == "count"
        seal = RoundSeal.objects.get(pk=row.pk)
        assert (seal.boxes, seal.kept, seal.receipts, seal.channels) == (4, 4, 4, {"web": 4})
        digests = selectors.box_digests(row)
        assert len(digests) == 4
        assert digests == sorted(digests)
        with pytest.raises(Refused):
            round_advance(round=row, verb="publish_result", actor=None)
        assert opening_approve(round=row, actor=first) == 1
        with pytest.raises(Refused) as again:
            opening_approve(round=row, actor=first)
        assert again.value.code == "voting.second_person_needed"
        assert not OutboxMessage.objects.filter(task="voting.tally").exists()
        assert opening_approve(round=row, actor=second) == 2
        message = OutboxMessage.objects.get(task="voting.tally")
        assert message.queue == "tallies"
    uuid = str(tenants.alpha.uuid)
    assert outbox.message_run(task="voting.tally", header=uuid, body=uuid, message=str(message.id)) == "done"
    with in_tenant(tenants.alpha):
        assert TallyRun.objects.get().state == "done", TallyRun.objects.get().error
        assert selectors.result_of(row) is None
        row = round_advance(round=row, verb="publish_result", actor=None)
    with in_tenant(tenants.alpha, role=Role.VOTER):
        result = selectors.result_of(row)
        assert result is not None
        assert result.votes == {"P-01": 3, "P-02": 2, "P-03": 0, "P-04": 0, "P-05": 2}
        assert result.outcome.allocation[0] == "P-01"
        assert result.ballots == 4
        assert result.channels == {"web": 4}
        status = selectors.receipt_status(row, receipts[0].lower())
        assert status.recorded
        assert status.counted
    with in_tenant(tenants.beta):
        assert not Round.objects.exists()
        assert not RoundSeal.objects.exists()
    with in_tenant(tenants.alpha, role=Role.WORKER):
        assert BallotLog.objects.count() == 4
