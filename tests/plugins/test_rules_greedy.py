"""Rules by votes: within budget, told step by step, ties by the published order."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from core.counting import outcome_digest, tie_break_from
from plugins.api import BallotFamily, Candidate, Instance, Profile
from plugins.bundled.outcome_greedy.rule import GreedySkip, GreedyStop
from plugins.bundled.outcome_greedy.settings import GreedySettings


def election(budget: int, projects: dict[str, tuple[int, int]]) -> tuple[Instance, Profile]:
    """From project to (cost, votes); every vote is a ballot for one project."""
    refs = tuple(projects)
    rows = {((column, 1),): projects[ref][1] for column, ref in enumerate(refs) if projects[ref][1]}
    candidates = tuple(Candidate(ref, cost) for ref, (cost, _) in projects.items())
    return Instance(budget, candidates), Profile.build(BallotFamily.APPROVAL, refs, rows)


def test_skip_goes_on_where_stop_ends() -> None:
    instance, profile = election(100, {"a": (60, 9), "b": (50, 8), "c": (40, 7), "d": (1, 0)})
    order = tie_break_from(b"s", profile.refs)
    skip = GreedySkip().decide(instance, profile, GreedySettings(), order)
    stop = GreedyStop().decide(instance, profile, GreedySettings(), order)
    assert (skip.allocation, skip.remaining) == (("a", "c"), 0)
    assert (stop.allocation, stop.remaining) == (("a",), 40)
    refused = next(step for step in skip.steps if step.project == "b")
    assert "needed £0.50, and £0.40 was left. Projects funded before it: 1" in refused.sentence.en
    assert "At least 1 were needed" in next(s for s in skip.steps if s.project == "d").sentence.en


def test_a_threshold_sets_projects_aside() -> None:
    instance, profile = election(100, {"a": (60, 9), "b": (30, 3)})
    order = tie_break_from(b"s", profile.refs)
    outcome = GreedySkip().decide(instance, profile, GreedySettings(minimum_points=4), order)
    assert outcome.allocation == ("a",)


def test_ties_that_matter_are_reported_and_others_are_not() -> None:
    instance, profile = election(100, {"a": (60, 5), "b": (60, 5), "c": (10, 2), "d": (10, 2)})
    order = tie_break_from(b"s", profile.refs)
    outcome = GreedySkip().decide(instance, profile, GreedySettings(), order)
    assert len(outcome.ties) == 1
    assert outcome.ties[0].chosen == order.first(("a", "b"))


@given(
    st.integers(1, 200),
    st.dictionaries(
        st.text("abcdefgh", min_size=1, max_size=3),
        st.tuples(st.integers(0, 90), st.integers(0, 6)),
        max_size=9,
    ),
    st.binary(max_size=3),
    st.sampled_from([GreedySkip(), GreedyStop()]),
)
@settings(max_examples=200, deadline=None)
def test_within_budget_and_independent_of_order(
    budget: int, projects: dict[str, tuple[int, int]], seed: bytes, rule: GreedySkip
) -> None:
    instance, profile = election(budget, projects)
    order = tie_break_from(seed, profile.refs)
    outcome = rule.decide(instance, profile, GreedySettings(), order)
    assert sum(projects[ref][0] for ref in outcome.allocation) == outcome.spent <= budget
    assert [step.project for step in outcome.steps if step.funded] == list(outcome.allocation)
    assert sorted(step.project for step in outcome.steps) == sorted(projects)
    turned = election(budget, dict(reversed(projects.items())))
    assert outcome_digest(rule.decide(*turned, GreedySettings(), order)) == outcome_digest(outcome)
