"""The count: exact, the same twice, and only of what was published; whatever is wrong is recorded and can be mended."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.audit.models import OutboxMessage
from core.audit.outbox import message_run
from core.counting import profile_tally
from core.kernel.crypto import box_seal
from core.kernel.env import environment
from core.kernel.errors import Refused
from core.kernel.jobs import Queue
from core.rounds.models import Round
from core.rounds.services import round_advance
from core.voting.models import BallotGate, OpenedBallot, RoundKeys, RoundSeal, TallyRun
from core.voting.tally import TALLY_LOCK, tally_run
from plugins.api.profile import Profile
from plugins.api.values import BallotFamily
from plugins.host import guard
from plugins.host.apart import Limits
from plugins.host.kinds import Method
from plugins.host.registry import registry
from tenants.registry.context import Role, in_tenant
from tests.support.votes import ballots_in, by_force, closed, counted, voting_open

BALLOTS: list[tuple[str, ...]] = [("P-01", "P-02"), ("P-01",), ("P-02", "P-05"), ("P-01",)]
REFS = ("P-01", "P-02", "P-03", "P-04", "P-05")


@pytest.fixture
def at_count(tenants: Any) -> Round:
    """A round of alpha at its count: four ballots, and two people's word."""
    with in_tenant(tenants.alpha):
        row = voting_open()
    with in_tenant(tenants.alpha, role=Role.VOTER):
        ballots_in(row.id, BALLOTS)
    with in_tenant(tenants.alpha):
        return closed(row)


def count(tenants: Any, row: Round) -> TallyRun:
    with in_tenant(tenants.alpha, role=Role.WORKER):
        run = tally_run(round_id=row.id)
        assert Round.objects.get(pk=row.pk).state == "count"
    return run


def _forged(tenants: Any, row: Round) -> None:
    """A box with another ballot, sealed as anybody can, with its own digest beside it."""
    with in_tenant(tenants.alpha):
        public = bytes(RoundKeys.objects.values_list("box_public", flat=True).get(pk=row.pk))
    box = box_seal(public, b'{"format":"approval","choices":["P-05"]}')
    by_force(
        tenants.alpha,
        "UPDATE voting_sealedballot SET box = %s, digest = %s WHERE id = (SELECT min(id::text)::uuid FROM"
        " voting_sealedballot)",
        box,
        hashlib.sha256(box).digest(),
    )


def _sql(statement: str) -> Callable[[Any, Round], None]:
    def run(tenants: Any, row: Round) -> None:
        by_force(tenants.alpha, statement)

    return run


FAULTS: dict[str, tuple[Callable[[Any, Round], None], str]] = {
    "a box is exchanged": (_forged, "tally.boxes"),
    "a box is changed": (_sql("UPDATE voting_sealedballot SET box = set_byte(box, 40, 7)"), "tally.box_changed"),
    "a box is missing": (
        _sql("DELETE FROM voting_sealedballot WHERE id = (SELECT max(id::text)::uuid FROM voting_sealedballot)"),
        "tally.boxes",
    ),
    "a box is empty": (_sql("UPDATE voting_sealedballot SET box = NULL"), "tally.missing"),
    "the published set is another": (
        _sql("UPDATE voting_roundseal SET digest = repeat('0', 64)"),
        "tally.seal",
    ),
    "the offer is another": (
        _sql("UPDATE voting_frozenoffer SET body = jsonb_set(body, '{budget,minor}', '1')"),
        "tally.offer",
    ),
    "offer and digest are another": (
        _sql("UPDATE voting_frozenoffer SET digest = repeat('0', 64)"),
        "tally.offer",
    ),
    "the key is another": (
        _sql("UPDATE voting_roundkeys SET count_wrapped = cast_wrapped"),
        "key.foreign",
    ),
}
KEPT = ("voting_sealedballot", "voting_roundseal", "voting_frozenoffer", "voting_roundkeys")


@pytest.mark.parametrize("what", sorted(FAULTS))
def test_what_is_not_as_published_is_not_counted(tenants: Any, at_count: Round, what: str) -> None:
    fault, code = FAULTS[what]
    for table in KEPT:
        by_force(tenants.alpha, f"CREATE TABLE kept_{table} AS TABLE {table}")
    try:
        fault(tenants, at_count)
        failed = count(tenants, at_count)
        assert (failed.state, failed.error, failed.document, failed.digest) == ("failed", code, None, "")
        with in_tenant(tenants.alpha), pytest.raises(Refused):
            round_advance(round=at_count, verb="publish_result", actor=None)
        for table in KEPT:
            by_force(tenants.alpha, f"DELETE FROM {table}")
            by_force(tenants.alpha, f"INSERT INTO {table} SELECT * FROM kept_{table}")
    finally:
        for table in KEPT:
            by_force(tenants.alpha, f"DROP TABLE kept_{table}")
    again = count(tenants, at_count)
    assert (again.state, again.error) == ("done", "")
    with in_tenant(tenants.alpha):
        assert round_advance(round=at_count, verb="publish_result", actor=None).state == "ratification"


def test_opened_ballots_that_were_changed_are_found_out(tenants: Any, at_count: Round) -> None:
    done = count(tenants, at_count)
    with in_tenant(tenants.alpha, role=Role.WORKER):
        assert dict(OpenedBallot.objects.values_list("times", "body").order_by("times"))
    by_force(tenants.alpha, "DELETE FROM voting_tallyrun")
    by_force(tenants.alpha, "UPDATE voting_openedballot SET times = times + 1 WHERE times = 2")
    assert count(tenants, at_count).error == "tally.opened"
    by_force(tenants.alpha, "UPDATE voting_openedballot SET times = times - 1 WHERE times = 3")
    assert count(tenants, at_count).digest == done.digest


def test_counting_again_gives_the_count_that_stands(tenants: Any, at_count: Round) -> None:
    first, second = count(tenants, at_count), count(tenants, at_count)
    assert first.pk == second.pk
    with in_tenant(tenants.alpha):
        assert TallyRun.objects.count() == 1
    by_force(tenants.alpha, "DELETE FROM voting_tallyrun")
    third = count(tenants, at_count)
    assert (third.digest, third.document) == (first.digest, first.document)
    assert third.document is not None
    assert {one["ref"]: one["votes"] for one in third.document["projects"]} == {
        "P-01": 3, "P-02": 2, "P-03": 0, "P-04": 0, "P-05": 1,
    }  # fmt: skip
    with in_tenant(tenants.beta):
        assert not TallyRun.objects.exists()


WORKER = """
import sys
from core.project.cli import setup_django
setup_django()
from django.db import connection
connection.settings_dict["NAME"] = sys.argv[1]
from core.audit.outbox import message_run
print("working", flush=True)
message_run(task="voting.tally", header=sys.argv[2], body=sys.argv[2], message=sys.argv[3])
"""


def test_a_worker_that_is_killed_while_it_counts_leaves_nothing_and_another_finishes(
    tenants: Any, at_count: Round
) -> None:
    uuid = str(tenants.alpha.uuid)
    with in_tenant(tenants.alpha):
        message = OutboxMessage.objects.get(task="voting.tally")
        place = BallotGate.objects.get(pk=at_count.pk).lock_round
    database = str(connection.settings_dict["NAME"])
    with psycopg.connect(environment().admin_database_url, dbname=database, autocommit=True) as holding:
        holding.execute("SELECT pg_advisory_lock(%s, %s)", [TALLY_LOCK, place])
        words = [sys.executable, "-c", WORKER, database, uuid, str(message.id)]
        with subprocess.Popen(words, stdout=subprocess.PIPE) as worker:
            waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND classid = %s"
            while not holding.execute(waiting, [TALLY_LOCK]).fetchone()[0]:  # type: ignore[index]
                assert worker.poll() is None
                time.sleep(0.05)
            worker.kill()
    with in_tenant(tenants.alpha):
        assert not TallyRun.objects.exists()
        assert Round.objects.get(pk=at_count.pk).state == "count"
        message.refresh_from_db()
        assert (message.state, message.attempts) == ("pending", 1)
    for expected in ("done", "already"):
        assert message_run(task="voting.tally", header=uuid, body=uuid, message=str(message.id)) == expected
    with in_tenant(tenants.alpha):
        assert TallyRun.objects.get().state == "done"
        assert Queue.TALLIES.value == message.queue


def _raises(*args: Any) -> Any:
    raise RuntimeError("P-01 was chosen by somebody")


def _hangs(*args: Any) -> Any:
    while True:
        time.sleep(0.05)


def _answers_nonsense(*args: Any) -> Any:
    return "P-01"


@pytest.mark.parametrize("fault", [_raises, _hangs, _answers_nonsense])
def test_a_rule_that_fails_is_recorded_and_the_count_can_be_done_again(
    tenants: Any, at_count: Round, fault: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = registry().modules["outcome_rule", "greedy-skip"]
    shorter = Method(found.kind.methods["decide"].check, apart=Limits(seconds=2.0, cpu_seconds=5))
    real = guard.guarded_call

    def hurried(one: Any, name: str, method: Method, args: Any, kwargs: Any) -> Any:
        return real(one, name, shorter if name == "decide" else method, args, kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(guard, "guarded_call", hurried)
        patched.setattr(type(found.module), "decide", lambda self, *args: fault(*args))
        failed = count(tenants, at_count)
    assert (failed.state, failed.error) == ("failed", "plugin.failed")
    again = count(tenants, at_count)
    assert again.state == "done"


def test_a_vote_in_which_nobody_took_part_is_counted_too(tenants: Any) -> None:
    for rule in ("greedy-skip", "greedy-stop", "equal-shares"):
        with in_tenant(tenants.alpha):
            row = voting_open(rule, rule=rule)
        run = counted(tenants.alpha, row)
        assert run.state == "done", run.error
        assert run.document is not None
        assert run.document["ballots"] == {"valid": 0, "invalid": 0, "blank": 0}
        with in_tenant(tenants.alpha):
            assert RoundSeal.objects.get(pk=row.pk).kept == 0
            round_advance(round=row, verb="publish_result", actor=None)


def _choices(fewest: int, most: int) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(REFS), min_size=fewest, max_size=most, unique=True).map(tuple)


CASES = st.one_of(
    st.tuples(
        st.just("approval"), st.just({"minimum": 1, "maximum": 4}), st.lists(_choices(1, 4), min_size=1, max_size=30)
    ),
    st.tuples(st.just("exact-k"), st.just({"count": 2}), st.lists(_choices(2, 2), min_size=1, max_size=30)),
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=CASES, rule=st.sampled_from(["greedy-skip", "greedy-stop", "equal-shares"]))
def test_what_goes_through_the_box_is_counted_as_if_it_had_lain_open(tenants: Any, case: Any, rule: str) -> None:
    form, form_settings, ballots = case
    with in_tenant(tenants.alpha):
        row = voting_open(f"r-{uuid4()}", format=form, format_settings=form_settings, rule=rule)
    with in_tenant(tenants.alpha, role=Role.VOTER):
        assert len(set(ballots_in(row.id, ballots))) == len(ballots)
    run = counted(tenants.alpha, row)
    assert run.document is not None, run.error
    columns = {ref: column for column, ref in enumerate(REFS)}
    rows = Counter(tuple(sorted((columns[ref], 1) for ref in ballot)) for ballot in ballots)
    direct = profile_tally(Profile.build(BallotFamily.APPROVAL, REFS, rows))
    assert run.document["digests"]["profile"] == direct.digest
    assert run.document["ballots"]["valid"] == len(ballots)
    assert {one["ref"]: one["votes"] for one in run.document["projects"]} == dict(direct.support)
