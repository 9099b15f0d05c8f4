"""Equal shares against the plain count in fractions, on small elections full of ties and exact edges."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.counting import outcome_digest, tie_break_from
from core.counting.equal_shares_check import add1_checked, run_checked
from core.project.bench.equal_shares import election
from plugins.api import BallotFamily, Candidate, Instance, Profile
from plugins.api.pabulib import pabulib_read
from plugins.bundled.outcome_equal_shares import rule
from plugins.bundled.outcome_equal_shares.rule import EqualShares
from plugins.bundled.outcome_equal_shares.settings import EqualSharesSettings

RULE = EqualShares()
WIELICZKA = Path(__file__).parents[3] / "shared" / "data" / "pabulib" / "Poland_Wieliczka_2023_Green_Budget.pb"


@st.composite
def elections(draw: st.DrawFn, *, scores: bool = False) -> tuple[Instance, Profile]:
    projects = draw(st.integers(1, 7))
    refs = tuple(f"p{number}" for number in range(projects))
    costs = draw(st.lists(st.integers(0, 40), min_size=projects, max_size=projects))
    points = st.integers(1, 5) if scores else st.just(1)
    ballot = st.dictionaries(st.integers(0, projects - 1), points, max_size=projects)
    ballots = draw(st.lists(st.tuples(ballot, st.integers(1, 9)), min_size=1, max_size=12))
    rows: Counter[tuple[tuple[int, int], ...]] = Counter()
    for choice, times in ballots:
        rows[tuple(sorted(choice.items()))] += times
    family = BallotFamily.CUMULATIVE if scores else BallotFamily.APPROVAL
    instance = Instance(
        draw(st.integers(1, 120)),
        tuple(Candidate(ref, cost) for ref, cost in zip(refs, costs, strict=True)),
        currency="units",
        digits=0,
    )
    return instance, Profile.build(family, refs, rows)


@given(elections(), st.sampled_from(["cost", "cardinality"]), st.binary(max_size=4))
@settings(max_examples=250, deadline=None)
def test_one_run_is_the_plain_count(election: tuple[Instance, Profile], satisfaction: str, seed: bytes) -> None:
    instance, profile = election
    order = tie_break_from(seed, profile.refs)
    chosen = EqualSharesSettings(completion="none", satisfaction=satisfaction)
    outcome = RULE.decide(instance, profile, chosen, order)
    share = Fraction(instance.budget, profile.voters)
    plain = run_checked(instance, profile, share, order, satisfaction)
    assert outcome.allocation == plain.allocation


@given(elections(scores=True), st.binary(max_size=4))
@settings(max_examples=250, deadline=None)
def test_points_pay_in_proportion(election: tuple[Instance, Profile], seed: bytes) -> None:
    instance, profile = election
    order = tie_break_from(seed, profile.refs)
    outcome = RULE.decide(instance, profile, EqualSharesSettings(completion="none", satisfaction="score"), order)
    share = Fraction(instance.budget, profile.voters)
    assert outcome.allocation == run_checked(instance, profile, share, order, "score").allocation


@given(elections(), st.sampled_from(["last-feasible", "first-exhaustive"]), st.integers(1, 7))
@settings(max_examples=500, deadline=None)
def test_raising_shares_is_the_plain_count(election: tuple[Instance, Profile], stop: str, increment: int) -> None:
    instance, profile = election
    order = tie_break_from(b"seed", profile.refs)
    outcome = RULE.decide(instance, profile, EqualSharesSettings(increment=increment, stop=stop), order)
    plain = add1_checked(instance, profile, order, increment=increment, stop=stop)
    assert outcome.allocation == plain.allocation
    assert (outcome.spent, outcome.facts["share"]) == (plain.spent, str(plain.share))
    assert int(outcome.facts["runs"]) <= plain.runs + 1


@given(elections(), st.sampled_from(["last-feasible", "first-exhaustive"]), st.sampled_from(["cost", "cardinality"]))
@settings(max_examples=200, deadline=None)
def test_raises_that_change_nothing_are_passed_over_and_no_others(
    election: tuple[Instance, Profile], stop: str, satisfaction: str
) -> None:
    """Looked for at every run, they end where trying each raise ends."""
    instance, profile = election
    instance = replace(
        instance,
        budget=20 * instance.budget,
        candidates=tuple(replace(one, cost=20 * one.cost) for one in instance.candidates),
    )
    order = tie_break_from(b"seed", profile.refs)
    chosen = EqualSharesSettings(increment=3, stop=stop, satisfaction=satisfaction)
    with pytest.MonkeyPatch.context() as now:
        now.setattr(rule, "PATIENCE", 1)
        outcome = RULE.decide(instance, profile, chosen, order)
    plain = add1_checked(instance, profile, order, increment=3, stop=stop, satisfaction=satisfaction)
    assert (outcome.allocation, outcome.spent) == (plain.allocation, plain.spent)
    assert outcome.facts["share"] == str(plain.share)


@given(elections(scores=True), st.sampled_from(["last-feasible", "first-exhaustive"]))
@settings(max_examples=100, deadline=None)
def test_amounts_a_million_times_as_large_take_no_longer(election: tuple[Instance, Profile], stop: str) -> None:
    """By pennies, where trying each raise would take years; what is bought is just what the share buys."""
    instance, profile = election
    large = 10**9
    instance = replace(
        instance,
        budget=large * instance.budget,
        candidates=tuple(replace(one, cost=large * one.cost) for one in instance.candidates),
    )
    order = tie_break_from(b"seed", profile.refs)
    chosen = EqualSharesSettings(increment=1, stop=stop, satisfaction="score")
    outcome = RULE.decide(instance, profile, chosen, order)
    assert outcome.spent <= instance.budget
    assert int(outcome.facts["runs"]) < 2_000
    share = Fraction(str(outcome.facts["share"]))
    assert run_checked(instance, profile, share, order, "score").allocation == outcome.allocation
    if len(outcome.allocation) < len(run_checked(instance, profile, share * 10**6, order, "score").allocation):
        after = run_checked(instance, profile, share + 1, order, "score")
        assert stop == "first-exhaustive" or after.spent > instance.budget


@given(
    elections(),
    st.sampled_from(["none", "add1", "add1-utilitarian"]),
    st.sampled_from(["none", "voters"]),
    st.randoms(),
)
@settings(max_examples=150, deadline=None)
def test_within_budget_explained_and_independent_of_order(
    election: tuple[Instance, Profile], completion: str, comparison: str, random: object
) -> None:
    instance, profile = election
    order = tie_break_from(b"seed", profile.refs)
    chosen = EqualSharesSettings(increment=3, completion=completion, comparison=comparison)
    outcome = RULE.decide(instance, profile, chosen, order)
    assert 0 <= outcome.spent <= instance.budget
    assert outcome.spent + outcome.remaining == instance.budget
    told = [step.project for step in RULE.explain(outcome) if step.project]
    assert sorted(told) == sorted(profile.refs)
    assert tuple(step.project for step in outcome.steps if step.funded and step.project) == outcome.allocation
    again = RULE.decide(instance, profile, chosen, order)
    assert outcome_digest(again) == outcome_digest(outcome)
    turned = Profile.build(
        profile.family,
        tuple(reversed(profile.refs)),
        {
            tuple(
                sorted(
                    (len(profile.refs) - 1 - int(column), int(score))
                    for column, score in zip(profile.columns[first:last], profile.scores[first:last], strict=True)
                )
            ): int(times)
            for first, last, times in zip(profile.start[:-1], profile.start[1:], profile.multiplicity, strict=True)
        },
    )
    other = Instance(instance.budget, tuple(reversed(instance.candidates)), currency="units", digits=0)
    assert outcome_digest(RULE.decide(other, turned, chosen, order)) == outcome_digest(outcome)


def test_a_tie_follows_the_published_order_and_is_reported() -> None:
    instance = Instance(10, (Candidate("a", 10), Candidate("b", 10)))
    profile = Profile.build(BallotFamily.APPROVAL, ("a", "b"), {((0, 1), (1, 1)): 5})
    firsts = set()
    for seed in range(12):
        order = tie_break_from(bytes([seed]), profile.refs)
        outcome = RULE.decide(instance, profile, EqualSharesSettings(), order)
        assert outcome.allocation == order.order[:1]
        assert outcome.ties[0].chosen == order.order[0]
        assert set(outcome.ties[0].projects) == {"a", "b"}
        firsts.add(outcome.allocation)
    assert len(firsts) == 2


def test_a_large_pot_and_few_voters_need_few_runs() -> None:
    instance = Instance(100_000_000, (Candidate("a", 100_000_000), Candidate("b", 99_999_900)))
    profile = Profile.build(BallotFamily.APPROVAL, ("a", "b"), {((0, 1),): 1, ((1, 1),): 1})
    order = tie_break_from(b"x", profile.refs)
    outcome = RULE.decide(instance, profile, EqualSharesSettings(), order)
    assert outcome.allocation == ("b",)
    assert int(outcome.facts["runs"]) < 10


def test_a_difference_below_what_floats_can_see_is_decided() -> None:
    large = 10**15
    instance = Instance(2 * large, (Candidate("a", large + 1), Candidate("b", large)), digits=0)
    profile = Profile.build(BallotFamily.APPROVAL, ("a", "b"), {((0, 1),): 3, ((1, 1),): 3})
    order = tie_break_from(b"x", profile.refs)
    chosen = EqualSharesSettings(completion="none", satisfaction="cardinality")
    outcome = RULE.decide(instance, profile, chosen, order)
    # Three sixths of twice the amount pay exactly for b; a needs one more than its supporters hold.
    assert outcome.allocation == ("b",)
    assert int(outcome.facts["exact_decisions"]) > 0


REAL = [
    path
    for path in sorted(WIELICZKA.parent.glob("*.pb"))
    if path.stat().st_size < 30_000 and "Toulouse" not in path.stem
]


@pytest.mark.skipif(not REAL, reason="the real elections are not on this machine")
@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_real_elections_agree_with_the_plain_count(path: Path) -> None:
    file = pabulib_read(path)
    profile, instance = file.profile(), file.instance()
    order = tie_break_from(b"any", profile.refs)
    for satisfaction in ("cost", "cardinality", "score"):
        chosen = EqualSharesSettings(completion="none", satisfaction=satisfaction)
        outcome = RULE.decide(instance, profile, chosen, order)
        share = Fraction(instance.budget, profile.voters)
        plain = run_checked(instance, profile, share, order, satisfaction)
        assert outcome.allocation == plain.allocation


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_longer_elections_agree_with_the_plain_count(seed: int) -> None:
    instance, profile = election(400, 40, seed)
    order = tie_break_from(b"any", profile.refs)
    outcome = RULE.decide(instance, profile, EqualSharesSettings(increment=300), order)
    plain = add1_checked(instance, profile, order, increment=300)
    assert (outcome.allocation, outcome.facts["share"]) == (plain.allocation, str(plain.share))


@pytest.mark.skipif(not WIELICZKA.exists(), reason="the real elections are not on this machine")
def test_wieliczka_is_official_only_under_last_feasible() -> None:
    file = pabulib_read(WIELICZKA)
    profile, instance = file.profile(), file.instance()
    order = tie_break_from(b"any", profile.refs)
    last = RULE.decide(instance, profile, EqualSharesSettings(increment=1, comparison="voters"), order)
    assert set(last.allocation) == file.official
    assert (len(last.allocation), last.spent) == (30, 995_079)
    first = RULE.decide(instance, profile, EqualSharesSettings(increment=1, stop="first-exhaustive"), order)
    assert set(first.allocation) != file.official
    assert (len(first.allocation), first.spent) == (31, 984_579)
