"""The table of transitions: nothing moves beside it, everything can be reached, and what is undone is undone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.rounds.lifecycle import TABLE, Facts, GuardFailure, State, diagram, find, may, transition, verbs_from
from plugins.api.text import Text
from tests.conftest import ROOT

NOW = datetime(2026, 11, 24, tzinfo=UTC)
READY = Facts(
    pot=1,
    has_rules=True,
    opens_at=NOW,
    closes_at=NOW + timedelta(days=1),
    now=NOW,
    parts=frozenset({"voting"}),
    reason="other",
)
VERBS = sorted({row.verb for row in TABLE})


@given(st.lists(st.sampled_from(VERBS), max_size=40))
def test_every_path_follows_the_table(verbs: list[str]) -> None:
    state = State.DESIGN
    for verb in verbs:
        answer = transition(state, verb, READY)
        row = find(state, verb)
        if row is None:
            assert isinstance(answer, list)
            assert answer[0].code == "round.wrong_state"
        else:
            assert answer is row.target
            state = row.target


def test_every_state_can_be_reached() -> None:
    reached, waiting = {State.DESIGN}, [State.DESIGN]
    while waiting:
        for row in verbs_from(waiting.pop()):
            if row.target not in reached:
                reached.add(row.target)
                waiting.append(row.target)
    assert reached == set(State)


def test_a_verb_leads_to_one_place_from_each_state() -> None:
    assert len({(row.source, row.verb) for row in TABLE}) == len(TABLE)


def test_undo_returns() -> None:
    reversible = [row for row in TABLE if row.reversible]
    assert reversible
    for row in reversible:
        assert transition(row.target, row.undo, READY) is row.source


def test_only_the_named_roles_may() -> None:
    for row in TABLE:
        assert may(row.roles, row.verb, row.source)
        assert not may({"observer", "steering_member"}, row.verb, row.source)
    assert not may({"officer"}, "close_voting", State.DESIGN)


def test_opening_says_everything_that_is_missing() -> None:
    part = GuardFailure("part.says_no", Text("No.", "Chan eil."), Text("Do this.", "Dèan seo."))
    answer = transition(State.BALLOT_PREP, "open_voting", Facts(now=NOW, failures=(part,)))
    assert isinstance(answer, list)
    assert {failure.code for failure in answer} == {
        "round.pot_empty",
        "round.dates_order",
        "round.no_rules",
        "round.part_missing",
        "part.says_no",
    }
    assert all(failure.message.en and failure.remedy.en and failure.remedy.gd for failure in answer)
    late = replace(READY, opens_at=NOW - timedelta(days=2), closes_at=NOW)
    refused = transition(State.BALLOT_PREP, "open_voting", late)
    assert isinstance(refused, list)
    assert [failure.code for failure in refused] == ["round.closes_in_past"]
    assert transition(State.BALLOT_PREP, "open_voting", READY) is State.VOTING


def test_a_step_against_people_says_why_and_the_ballot_box_is_never_left_out() -> None:
    for row in TABLE:
        silent = transition(row.source, row.verb, replace(READY, reason=""))
        alone = transition(row.source, row.verb, replace(READY, parts=frozenset()))
        if row.reasoned or row.verb == "close_voting":
            assert isinstance(silent, list)
            why = "round.reason_missing" if row.reasoned else "round.closes_early"
            assert [failure.code for failure in silent] == [why]
        else:
            assert silent is row.target
        if row.needs:
            assert isinstance(alone, list)
            assert [failure.code for failure in alone] == ["round.part_missing"]
        else:
            assert alone is row.target
    assert {row.verb for row in TABLE if row.needs} == {"open_voting", "close_voting", "publish_result"}
    assert {row.verb for row in TABLE if row.reasoned} == {"suspend", "cancel"}


def test_voting_closes_in_time_without_a_reason() -> None:
    in_time = replace(READY, reason="", now=READY.closes_at)
    assert transition(State.VOTING, "close_voting", in_time) is State.COUNT
    assert transition(State.VOTING, "close_voting", replace(READY, reason="fault")) is State.COUNT


def test_the_readme_holds_the_diagram_of_the_table() -> None:
    assert diagram() in (ROOT / "core" / "rounds" / "README.md").read_text()
