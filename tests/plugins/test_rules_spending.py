"""What rules by votes let a round declare: kept money, caps, weights, projects that exclude one another, parts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from core.counting import tie_break_from
from plugins.api import BallotFamily, Candidate, Instance, OutcomeRule, Profile, TieBreak
from plugins.bundled.outcome_greedy.rule import GreedySkip, GreedyStop
from plugins.bundled.outcome_greedy.settings import GreedySettings
from plugins.bundled.outcome_part_fund.rule import GreedyPartFund
from plugins.bundled.outcome_part_fund.settings import PartFundSettings
from tests.support.elections import AREAS, CATEGORIES, Election, elections, keeps_its_word


def votes(refs: dict[str, int]) -> Profile:
    rows = {((column, 1),): count for column, count in enumerate(refs.values()) if count}
    return Profile.build(BallotFamily.APPROVAL, tuple(refs), rows)


def order_of(*refs: str) -> TieBreak:
    return TieBreak(refs)


earmarks = st.builds(
    lambda amount, category, area: {
        "amount": amount,
        "category": category,
        "area": area or ("" if category else "north"),
    },
    st.integers(0, 60),
    st.sampled_from(("", *CATEGORIES)),
    st.sampled_from(AREAS),
)
declared = st.fixed_dictionaries(
    {
        "ring_fences": st.lists(earmarks, max_size=2),
        "caps": st.lists(earmarks, max_size=2),
        "exclusive": st.lists(st.lists(st.sampled_from(["p0", "p1", "p2", "p9"]), min_size=2, max_size=3), max_size=1),
        "reserve_list": st.integers(0, 3),
        "minimum_points": st.integers(0, 3),
        "area_weights": st.sampled_from([[], [{"area": "north", "percent": 150}], [{"area": "south", "percent": 33}]]),
        "on_tie": st.sampled_from(["order", "order", "stop"]),
    }
)


class ByDefinition:
    """Which sets of projects can be paid together, straight from the words of the rule."""

    def __init__(self, instance: Instance, chosen: Any) -> None:
        self.by_ref = {one.ref: one for one in instance.candidates}
        self.chosen = chosen
        self.kept, left = [], instance.budget
        for fence in chosen.ring_fences:
            self.kept.append(min(fence.amount, left))
            left -= self.kept[-1]
        self.open = left

    def money(self, refs: list[str]) -> bool:
        needs = [0] * len(self.kept)
        needed = 0
        for ref in refs:
            one = self.by_ref[ref]
            fence = next((n for n, mark in enumerate(self.chosen.ring_fences) if mark.covers(one)), None)
            if fence is None:
                needed += one.cost
            else:
                needs[fence] += one.cost
        return needed + sum(max(0, need - kept) for need, kept in zip(needs, self.kept, strict=True)) <= self.open

    def limits(self, refs: list[str]) -> bool:
        ones = [self.by_ref[ref] for ref in refs]
        if any(sum(one.cost for one in ones if cap.covers(one)) > cap.amount for cap in self.chosen.caps):
            return False
        groups = [group for one in ones for group in set(one.groups)]
        groups += [str(n) for n, named in enumerate(self.chosen.exclusive) for ref in refs if ref in named]
        return len(groups) == len(set(groups))

    def greedy(self, profile: Profile, order: TieBreak, *, stops: bool) -> list[str]:
        points = profile.points_of()
        weighed = {ref: points[ref] * self.chosen.percent(self.by_ref[ref]) for ref in points}
        found: list[str] = []
        for ref in sorted(points, key=lambda ref: (-weighed[ref], order.rank(ref))):
            if points[ref] < self.chosen.minimum_points:
                continue
            within, paid = self.limits([*found, ref]), self.money([*found, ref])
            if within and paid:
                found.append(ref)
            elif stops and not paid and (within or self._alone_excluded(found, ref) is False):
                break
        return found

    def _alone_excluded(self, found: list[str], ref: str) -> bool:
        """Whether another project keeps this one out; money is not asked then."""
        saved = self.chosen
        try:
            self.chosen = saved.model_copy(update={"caps": ()})
            return not self.limits([*found, ref])
        finally:
            self.chosen = saved


@given(elections(marked=True), declared, st.binary(max_size=3), st.sampled_from([GreedySkip(), GreedyStop()]))
@settings(max_examples=400, deadline=None)
def test_the_rule_is_its_own_words(election: Election, said: dict[str, Any], seed: bytes, rule: GreedySkip) -> None:
    instance, profile = election
    order = tie_break_from(seed, profile.refs)
    chosen = GreedySettings(**said)
    outcome = keeps_its_word(rule, election, chosen, order)
    definition = ByDefinition(instance, chosen)
    allocation = list(outcome.allocation)
    assert definition.money(allocation)
    assert definition.limits(allocation)
    plain = definition.greedy(profile, order, stops=rule.stops)
    if outcome.facts.get("stopped_at_tie"):
        assert plain[: len(allocation)] == allocation
        assert outcome.ties[-1].chosen == ""
        assert outcome.reserve == ()
    else:
        assert allocation == plain
    assert len(outcome.reserve) <= chosen.reserve_list
    assert not set(outcome.reserve) & set(allocation)


def test_nobody_waits_in_line_while_a_tie_is_undecided() -> None:
    """The dearest project could never be paid, and yet stood first in line behind two that are still undecided."""
    costs = {"p0": 14, "p1": 15, "p2": 1}
    instance = Instance(14, tuple(Candidate(ref, cost) for ref, cost in costs.items()))
    profile = votes({"p0": 2, "p1": 2, "p2": 2})
    for on_tie, reserve in (("stop", ()), ("order", ("p1",))):
        chosen = GreedySettings(reserve_list=1, on_tie=on_tie)
        outcome = GreedySkip().decide(instance, profile, chosen, order_of("p0", "p1", "p2"))
        assert (outcome.reserve, bool(outcome.facts.get("stopped_at_tie"))) == (reserve, on_tie == "stop")


@given(elections(marked=True), declared, st.integers(1, 100))
@settings(max_examples=300, deadline=None)
def test_parts_are_never_smaller_than_what_a_project_can_begin_with(
    election: Election, said: dict[str, Any], percent: int
) -> None:
    instance, profile = election
    order = tie_break_from(b"s", profile.refs)
    chosen = PartFundSettings(**said, part_percent=percent)
    rule = GreedyPartFund()
    outcome = keeps_its_word(rule, election, chosen, order)
    for one in instance.candidates:
        if one.ref in outcome.amounts:
            assert min(one.cost, rule.least(one, chosen)) <= outcome.amounts[one.ref] <= one.cost
    for cap in chosen.caps:
        covered = [one for one in instance.candidates if cap.covers(one) and one.ref in outcome.allocation]
        assert sum(outcome.amounts.get(one.ref, one.cost) for one in covered) <= cap.amount
    other = sum(fence.amount for fence in chosen.ring_fences)
    outside = [one for one in instance.candidates if not any(fence.covers(one) for fence in chosen.ring_fences)]
    paid = sum(outcome.amounts.get(one.ref, one.cost) for one in outside if one.ref in outcome.allocation)
    assert paid <= max(instance.budget - other, 0)


@given(elections(), st.binary(max_size=3), st.sampled_from([GreedySkip(), GreedyStop()]))
@settings(max_examples=200, deadline=None)
def test_a_tie_is_reported_exactly_where_another_order_funds_others(
    election: Election, seed: bytes, rule: OutcomeRule
) -> None:
    instance, profile = election
    order = tie_break_from(seed, profile.refs)
    outcome = rule.decide(instance, profile, GreedySettings(), order)
    reverse = rule.decide(instance, profile, GreedySettings(), TieBreak(order.order[::-1]))
    if set(outcome.allocation) != set(reverse.allocation):
        assert outcome.ties
    if not outcome.ties:
        assert set(outcome.allocation) == set(reverse.allocation)
    for tie in outcome.ties:
        # Whichever of a tie were looked at first, the one of them after which not all fit would miss out.
        assert tie.chosen == order.first(tie.projects)


def test_burnfoot_keeps_its_health_money_for_health() -> None:
    """GBP 30,000 open and GBP 4,500 for health alone, as in Burnfoot."""
    pounds = 100
    costs = {"hall": (20_000, "place"), "walk": (3_000, "health"), "bikes": (9_000, "play"), "cook": (2_500, "health")}
    candidates = tuple(Candidate(ref, cost * pounds, "", (kind,)) for ref, (cost, kind) in costs.items())
    instance = Instance(34_500 * pounds, candidates)
    profile = votes({"hall": 90, "walk": 80, "bikes": 70, "cook": 60})
    chosen = GreedySettings(ring_fences=[{"amount": 4_500 * pounds, "category": "health"}])
    outcome = GreedySkip().decide(instance, profile, chosen, order_of("hall", "walk", "bikes", "cook"))
    # Health pays 3,000 of walk and 1,500 of cook; the other 1,000 of cook is the last of the open money.
    assert outcome.allocation == ("hall", "walk", "bikes", "cook")
    assert outcome.remaining == 0
    told = {step.project: step.sentence.en for step in outcome.steps}
    assert told["cook"].endswith("£1,500 of it came from the money for health only.")
    dearer = (*candidates[:2], Candidate("bikes", 10_500 * pounds, "", ("play",)), candidates[3])
    held = GreedySkip().decide(Instance(instance.budget, dearer), profile, chosen, order_of(*costs))
    assert held.allocation == ("hall", "walk", "cook")
    assert held.facts["kept_left"] == {"health": 0}
    without = GreedySkip().decide(Instance(instance.budget, dearer), profile, GreedySettings(), order_of(*costs))
    assert "bikes" in without.allocation


def test_caps_and_exclusion_are_told_with_their_numbers() -> None:
    candidates = (
        Candidate("a", 60_00, "north"),
        Candidate("b", 50_00, "north"),
        Candidate("c", 10_00, "south", groups=("square",)),
        Candidate("d", 10_00, "south", groups=("square",)),
    )
    profile = votes({"a": 9, "b": 8, "c": 7, "d": 6})
    chosen = GreedySettings(caps=[{"amount": 80_00, "area": "north"}], reserve_list=2)
    outcome = GreedyStop().decide(Instance(200_00, candidates), profile, chosen, order_of("a", "b", "c", "d"))
    told = {step.project: step.sentence.en for step in outcome.steps}
    assert outcome.allocation == ("a", "c")
    assert "No more than £80 may go to north, and £20 of that was left." in told["b"]
    assert "Only one of this project and c can be funded" in told["d"]
    assert outcome.reserve == ("b", "d")
    assert told["d"].endswith("On the reserve list: place 2.")


def test_votes_of_a_small_place_weigh_more_and_both_numbers_are_told() -> None:
    candidates = (Candidate("town", 60), Candidate("isle", 60, "isle"))
    profile = votes({"town": 100, "isle": 75})
    instance = Instance(100, candidates, currency="units", digits=0)
    order = order_of("town", "isle")
    plain = GreedySkip().decide(instance, profile, GreedySettings(), order)
    weights = GreedySettings(area_weights=[{"area": "isle", "percent": 150}])
    weighed = GreedySkip().decide(instance, profile, weights, order)
    assert (plain.allocation, weighed.allocation) == (("town",), ("isle",))
    assert "votes 75, which weigh 112.5 at 150 %" in weighed.steps[0].sentence.en


def test_the_next_in_line_gets_a_part_if_it_can_begin_with_it() -> None:
    candidates = (Candidate("a", 60), Candidate("b", 70, minimum=41), Candidate("c", 80, minimum=40), Candidate("d", 5))
    profile = votes({"a": 9, "b": 8, "c": 7, "d": 6})
    instance = Instance(100, candidates, currency="units", digits=0)
    outcome = GreedyPartFund().decide(instance, profile, PartFundSettings(), order_of("a", "b", "c", "d"))
    assert outcome.allocation == ("a", "c")
    assert outcome.amounts == {"a": 60, "c": 40}
    told = {step.project: step.sentence.en for step in outcome.steps}
    assert "or at least 41 units to begin with, and 40 units was left" in told["b"]
    assert "so it gets 40 units" in told["c"]
    whole = GreedySkip().decide(instance, profile, GreedySettings(), order_of("a", "b", "c", "d"))
    assert (whole.allocation, whole.amounts) == (("a", "d"), {})


def test_a_round_may_stop_at_a_tie_instead() -> None:
    candidates = (Candidate("a", 60), Candidate("b", 60), Candidate("c", 10))
    profile = votes({"a": 5, "b": 5, "c": 2})
    instance = Instance(100, candidates, currency="units", digits=0)
    order = order_of("b", "a", "c")
    decided = GreedySkip().decide(instance, profile, GreedySettings(), order)
    assert (decided.allocation, decided.ties[0].chosen) == (("b", "c"), "b")
    stopped = GreedySkip().decide(instance, profile, GreedySettings(on_tie="stop"), order)
    assert (stopped.allocation, stopped.ties[0].chosen) == ((), "")
    assert [step.sentence.en.startswith("Not decided") for step in stopped.steps] == [True] * 3


def test_officers_are_told_what_does_not_fit() -> None:
    instance = Instance(100, (Candidate("a", 50, "north", minimum=60), Candidate("b", 400)))
    chosen = GreedySettings(
        ring_fences=[{"amount": 90, "area": "north"}, {"amount": 20, "category": "health"}],
        exclusive=[["a", "z"]],
        area_weights=[{"area": "south", "percent": 200}],
    )
    codes = {problem.code for problem in GreedySkip().check(instance, chosen)}
    assert codes == {
        "outcome.above_pot",
        "outcome.minimum",
        "outcome.kept_above_pot",
        "outcome.covers_nothing",
        "outcome.no_such_project",
        "outcome.no_such_area",
    }
    assert GreedySkip().check(Instance(100, (Candidate("a", 50),)), GreedySettings()) == []
    for wrong in ({"ring_fences": [{"amount": 5}]}, {"caps": [{"amount": -1, "area": "x"}]}, {"on_tie": "name"}):
        with pytest.raises(ValidationError):
            GreedySettings(**wrong)
