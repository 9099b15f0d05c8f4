"""Closing: what is kept of each ballot, what is given up, and who may do what with the box."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from core.audit.models import AuditEvent
from core.kernel.errors import Refused
from core.rounds.models import Round
from core.rounds.services import round_advance
from core.voting import selectors
from core.voting.models import (
    BallotGate,
    BallotLog,
    RoundSeal,
    SealedBallot,
    SealedReceipt,
    SealedRollEntry,
    TallyRun,
)
from core.voting.sequencer import BallotSequencer, ClosingTimes
from core.voting.services import opening_approve, roll_claim
from core.voting.tally import tally_run
from tenants.registry.context import Role, in_tenant
from tests.support.votes import (
    ballots_in,
    by_email,
    by_force,
    cast_with,
    counted,
    officers,
    round_made,
    vote,
    voting_open,
)

OPEN_TABLES = ("voting_rollentry", "voting_rollkey", "voting_ballot", "voting_receiptrecord")


def parts_of(tenant: Any, row: Round) -> int:
    mark = str(row.id).replace("-", "")
    found = by_force(tenant, "SELECT count(*) FROM pg_class WHERE relname LIKE %s AND relkind = 'r'", f"voting_%{mark}")
    return int(found[0][0])


def close(row: Round) -> Round:
    return round_advance(round=row, verb="close_voting", actor=None)


def test_the_last_ballot_of_each_person_is_kept_and_of_the_others_a_digest(tenants: Any) -> None:
    with in_tenant(tenants.alpha):
        row = voting_open(revisable=True)
    with in_tenant(tenants.alpha, role=Role.VOTER):
        first = vote(row.id, "a@example.com", "P-01", key=b"1" * 16)
        changed = vote(row.id, "a@example.com", "P-02", key=b"2" * 16, channel="kiosk")
        last = vote(row.id, "a@example.com", "P-03", key=b"3" * 16, channel="phone_assisted")
        other = vote(row.id, "b@example.com", "P-01", key=b"1" * 16)
        assert (first.revision, changed.revision, last.revision, other.revision) == (1, 2, 3, 1)
        assert len({one.receipt for one in (first, changed, last, other)}) == 4
        # Somebody who proves their right and never votes.
        roll_claim(round_id=row.id, proof=by_email("c@example.com"))
    assert parts_of(tenants.alpha, row) == 4
    with in_tenant(tenants.alpha):
        close(row)
        seal = RoundSeal.objects.get(pk=row.pk)
        assert (seal.boxes, seal.receipts, seal.kept, seal.entries) == (4, 4, 2, 3)
        assert seal.channels == {"web": 1, "phone_assisted": 1}
    assert parts_of(tenants.alpha, row) == 0
    with in_tenant(tenants.alpha, role=Role.WORKER):
        assert SealedBallot.objects.filter(box__isnull=False).count() == 2
        assert SealedBallot.objects.filter(box__isnull=True).count() == 2
        assert SealedReceipt.objects.filter(counted=True).count() == 2
        assert [entry.rung for entry in SealedRollEntry.objects.all()] == ["E1"] * 3
        assert BallotLog.objects.count() == 4
    with in_tenant(tenants.alpha):
        for person in officers():
            opening_approve(round=row, actor=person)
    with in_tenant(tenants.alpha, role=Role.WORKER):
        run = tally_run(round_id=row.id)
        assert run.document is not None
        assert {one["ref"]: one["votes"] for one in run.document["projects"]} == {
            "P-01": 1, "P-02": 0, "P-03": 1, "P-04": 0, "P-05": 0,
        }  # fmt: skip
    with in_tenant(tenants.alpha):
        round_advance(round=row, verb="publish_result", actor=None)
        statuses = [selectors.receipt_status(row, one.receipt).counted for one in (first, changed, last, other)]
        assert statuses == [False, False, True, True]
    with in_tenant(tenants.beta, role=Role.WORKER):
        assert not SealedBallot.objects.exists()


def test_a_ballot_sent_again_finds_its_receipt_also_after_the_close(tenants: Any) -> None:
    with in_tenant(tenants.alpha):
        row = voting_open()
    with in_tenant(tenants.alpha, role=Role.VOTER):
        mine = roll_claim(round_id=row.id, proof=by_email("a@example.com"))
        late = roll_claim(round_id=row.id, proof=by_email("late@example.com"))
        sent = cast_with(row.id, mine, "P-01", key=b"k" * 16)
    with in_tenant(tenants.alpha):
        close(row)
    with in_tenant(tenants.alpha, role=Role.VOTER):
        again = cast_with(row.id, mine, "P-01", key=b"k" * 16)
        assert (again.status, again.receipt, again.revision) == ("same", sent.receipt, 0)
        # Trying other choices with the same key tells nothing about the first one.
        assert cast_with(row.id, mine, "P-02", key=b"k" * 16).receipt == sent.receipt
        for credential, key in ((mine, b"x" * 16), (late, b"k" * 16)):
            with pytest.raises(Refused) as refused:
                cast_with(row.id, credential, "P-01", key=key)
            assert refused.value.code == "voting.closed"
    with in_tenant(tenants.alpha, role=Role.WORKER):
        assert SealedBallot.objects.count() == 1


def test_after_the_seal_nothing_stands_in_the_order_of_casting(tenants: Any) -> None:
    with in_tenant(tenants.alpha):
        row = voting_open()
    with in_tenant(tenants.alpha, role=Role.VOTER):
        receipts = [bytes.fromhex(one) for one in _hashes(ballots_in(row.id, [("P-01",)] * 40))]
    cast = by_force(tenants.alpha, "SELECT receipt_hash, sha256(box) FROM voting_ballot ORDER BY ctid")
    assert [bytes(one[0]) for one in cast] == receipts
    with in_tenant(tenants.alpha):
        close(row)
    order = by_force(tenants.alpha, "SELECT receipt_hash FROM voting_sealedreceipt ORDER BY ctid")
    boxes = by_force(tenants.alpha, "SELECT digest FROM voting_sealedballot ORDER BY ctid")
    assert {bytes(one[0]) for one in order} == set(receipts)
    assert {bytes(one[0]) for one in boxes} == {bytes(one[1]) for one in cast}
    ranks = [receipts.index(bytes(one[0])) for one in order]
    by_box = [[bytes(one[1]) for one in cast].index(bytes(one[0])) for one in boxes]
    # One in 40! for each by chance.
    assert ranks != sorted(ranks)
    assert by_box != sorted(by_box)
    assert ranks != by_box
    for table in ("voting_sealedreceipt", "voting_sealedballot", "voting_sealedrollentry"):
        assert len(by_force(tenants.alpha, f"SELECT DISTINCT xmin::text FROM {table}")) == 1


def _hashes(codes: list[str]) -> list[str]:
    from core.counting.receipt import receipt_hash

    return [receipt_hash(code).hex() for code in codes]


ALLOWED = {
    Role.VOTER: {"SELECT pseudonym FROM voting_ballot", "SELECT receipt_hash FROM voting_receiptrecord"},
    Role.STAFF: {"SELECT digest FROM voting_roundseal"},
    Role.WORKER: {"SELECT pseudonym FROM voting_ballot", "SELECT leaf FROM voting_ballotlog"},
}
REFUSED = {
    role: {
        "SELECT box FROM voting_ballot",
        "SELECT receipt_hash FROM voting_ballot",
        "SELECT * FROM voting_ballot",
        "UPDATE voting_ballot SET revision = 9",
        "DELETE FROM voting_ballot",
        "TRUNCATE voting_ballot",
        "DROP TABLE voting_ballot",
        "DELETE FROM voting_receiptrecord",
        "UPDATE voting_rollkey SET entry_id = gen_random_uuid()",
        "DELETE FROM voting_rollentry",
        "DELETE FROM voting_ballotlog",
        "INSERT INTO voting_ballotlog (round_id) VALUES (gen_random_uuid())",
        "INSERT INTO voting_sealedballot (id) VALUES (gen_random_uuid())",
        "DELETE FROM voting_sealedballot",
        "UPDATE voting_sealedreceipt SET counted = true",
        "UPDATE voting_frozenoffer SET digest = ''",
        "UPDATE voting_ballotgate SET closes_at = now() + interval '1 day'",
        "SELECT count_wrapped FROM voting_roundkeys",
        "UPDATE voting_tallyrun SET digest = ''",
        "UPDATE voting_result SET digest = ''",
    }
    for role in Role
}
REFUSED[Role.VOTER] |= {
    "SELECT voting_seal(gen_random_uuid())",
    "SELECT voting_count_key(gen_random_uuid())",
    "SELECT leaf FROM voting_ballotlog",
    "SELECT box FROM voting_sealedballot",
    "UPDATE voting_ballotgate SET is_open = true",
    "SELECT body FROM voting_openedballot",
    "SELECT document FROM voting_tallyrun",
}
REFUSED[Role.STAFF] |= {
    "SELECT pseudonym FROM voting_ballot",
    "SELECT count(*) FROM voting_ballot",
    "SELECT count(*) FROM voting_receiptrecord",
    "SELECT count(*) FROM voting_ballotlog",
    "SELECT entry_id FROM voting_rollkey",
    "SELECT box FROM voting_sealedballot",
    "SELECT voting_count_key(gen_random_uuid())",
    "SELECT body FROM voting_openedballot",
}


@pytest.mark.parametrize("role", list(Role))
def test_no_role_reads_changes_or_drops_the_box(tenants: Any, role: Role) -> None:
    with in_tenant(tenants.alpha):
        row = voting_open()
    with in_tenant(tenants.alpha, role=Role.VOTER):
        vote(row.id, "a@example.com", "P-01")
    part = "voting_ballot_" + str(row.id).replace("-", "")
    more = {f"SELECT pseudonym FROM {part}", f"DELETE FROM {part}", f"DROP TABLE {part}"}
    with in_tenant(tenants.alpha, role=role):
        for statement in sorted(ALLOWED[role]):
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)
        for statement in sorted(REFUSED[role] | more):
            with pytest.raises(DatabaseError) as refused, transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)
            said = str(refused.value)
            assert "permission denied" in said or "must be owner" in said, f"{statement}: {said}"


def test_two_rounds_of_one_council_do_not_touch_each_other(tenants: Any) -> None:
    with in_tenant(tenants.alpha):
        one, two = voting_open("one"), voting_open("two")
    with in_tenant(tenants.alpha, role=Role.VOTER):
        for row in (one, two):
            vote(row.id, "a@example.com", "P-01")
            vote(row.id, "b@example.com", "P-02")
    first = counted(tenants.alpha, one)
    assert first.document is not None
    assert first.document["ballots"]["valid"] == 2
    with in_tenant(tenants.alpha, role=Role.VOTER):
        vote(two.id, "c@example.com", "P-01")
    assert parts_of(tenants.alpha, two) == 4
    with in_tenant(tenants.alpha):
        close(two)
        assert RoundSeal.objects.get(pk=two.pk).kept == 3
        assert RoundSeal.objects.get(pk=one.pk).kept == 2


def test_a_paused_round_takes_no_ballot_and_a_cancelled_one_is_sealed_and_never_opened(tenants: Any) -> None:
    with in_tenant(tenants.alpha):
        row = voting_open()
    with in_tenant(tenants.alpha, role=Role.VOTER):
        sent = vote(row.id, "a@example.com", "P-01")
    with in_tenant(tenants.alpha):
        row = round_advance(round=row, verb="suspend", actor=None, reason_code="safety")
    with in_tenant(tenants.alpha, role=Role.VOTER):
        with pytest.raises(Refused) as refused:
            vote(row.id, "b@example.com", "P-01")
        assert refused.value.code == "voting.closed"
        assert vote(row.id, "a@example.com", "P-01").receipt == sent.receipt
    with in_tenant(tenants.alpha):
        row = round_advance(round=row, verb="resume", actor=None)
    with in_tenant(tenants.alpha, role=Role.VOTER):
        assert vote(row.id, "b@example.com", "P-01").status == "recorded"
    with in_tenant(tenants.alpha):
        row = round_advance(round=row, verb="suspend", actor=None, reason_code="safety")
        row = round_advance(round=row, verb="cancel", actor=None, reason_code="legal")
        assert parts_of(tenants.alpha, row) == 0
        assert RoundSeal.objects.get(pk=row.pk).kept == 2
        first, _second = officers()
        with pytest.raises(Refused) as never:
            opening_approve(round=row, actor=first)
        assert never.value.code == "voting.not_sealed"
        with pytest.raises(Refused):
            tally_run(round_id=row.id)
        # A round that never opened has no box to seal.
        unopened = round_made("unopened")
        assert round_advance(round=unopened, verb="cancel", actor=None, reason_code="legal").state == "cancelled"
    with in_tenant(tenants.alpha, role=Role.WORKER):
        assert BallotSequencer().sequence(limit=10) == 0


def test_voting_closes_when_its_time_has_come(tenants: Any) -> None:
    with in_tenant(tenants.alpha):
        due, not_yet = voting_open("due"), voting_open("not-yet")
    with in_tenant(tenants.alpha, role=Role.VOTER):
        for row in (due, not_yet):
            vote(row.id, "a@example.com", "P-01")
    by_force(
        tenants.alpha,
        "UPDATE voting_ballotgate SET opens_at = now() - interval '2 h', closes_at = now() WHERE round_id = %s",
        due.id,
    )
    with in_tenant(tenants.alpha, role=Role.VOTER), pytest.raises(Refused) as late:
        vote(due.id, "b@example.com", "P-01")
    assert late.value.code == "voting.closed"
    with in_tenant(tenants.beta, role=Role.WORKER):
        assert ClosingTimes().sequence(limit=10) == 0
    with in_tenant(tenants.alpha, role=Role.WORKER):
        assert ClosingTimes().sequence(limit=10) == 1
        assert ClosingTimes().sequence(limit=10) == 0
        assert Round.objects.get(pk=due.pk).state == "count"
        assert Round.objects.get(pk=not_yet.pk).state == "voting"
        assert BallotGate.objects.get(pk=due.pk).closed_at is not None
        assert RoundSeal.objects.get().kept == 1


def test_a_box_that_is_not_whole_is_not_sealed(tenants: Any) -> None:
    with in_tenant(tenants.alpha):
        row = voting_open()
    with in_tenant(tenants.alpha, role=Role.VOTER):
        ballots_in(row.id, [("P-01",), ("P-02",), ("P-03",)])
    taken = by_force(tenants.alpha, "DELETE FROM voting_ballot WHERE ctid = '(0,1)' RETURNING *")
    assert len(taken) == 1
    with in_tenant(tenants.alpha):
        with pytest.raises(DatabaseError, match="do not agree"):
            close(row)
        assert Round.objects.get(pk=row.pk).state == "voting"
        assert BallotGate.objects.get(pk=row.pk).is_open
        assert not RoundSeal.objects.exists()
    marks = ", ".join(["%s"] * len(taken[0]))
    by_force(tenants.alpha, f"INSERT INTO voting_ballot VALUES ({marks})", *taken[0])
    with in_tenant(tenants.alpha):
        assert close(row).state == "count"


def test_the_database_hands_out_the_opening_key_for_two_people_only(tenants: Any) -> None:
    with in_tenant(tenants.alpha):
        row = voting_open()
        first, second = officers()
    key = "SELECT voting_count_key(%s)"

    def asked() -> bytes:
        with in_tenant(tenants.alpha, role=Role.WORKER), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(key, [row.id])
            return bytes(cursor.fetchone()[0])

    with pytest.raises(DatabaseError, match="two people"):
        asked()
    with in_tenant(tenants.alpha):
        close(row)
        opening_approve(round=row, actor=first)
    with pytest.raises(DatabaseError, match="two people"):
        asked()
    with in_tenant(tenants.alpha):
        with pytest.raises(Refused):
            tally_run(round_id=row.id)
        opening_approve(round=row, actor=second)
        assert not TallyRun.objects.exists()
        assert AuditEvent.objects.filter(kind="opening_approved").count() == 2
    assert len(asked()) > 64
