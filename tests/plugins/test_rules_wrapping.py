"""Rules that wrap another, and what other rules would have decided on the same ballots."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.counting import decide, outcome_digest, tie_break_from, what_if
from core.kernel.errors import Invalid, Refused
from plugins.api import BallotFamily, Candidate, Instance, OutcomeRule, PluginError, Profile, TieBreak
from plugins.bundled.outcome_equal_shares.rule import EqualShares
from plugins.bundled.outcome_equal_shares.settings import EqualSharesSettings
from plugins.bundled.outcome_fund_all.rule import FundAllIfUnder
from plugins.bundled.outcome_fund_all.settings import FundAllSettings
from plugins.bundled.outcome_greedy.rule import GreedySkip, GreedyStop
from plugins.bundled.outcome_greedy.settings import GreedySettings
from plugins.bundled.outcome_part_fund.rule import GreedyPartFund
from plugins.bundled.outcome_part_fund.settings import PartFundSettings
from plugins.bundled.outcome_phragmen.rule import Phragmen
from plugins.bundled.outcome_phragmen.settings import PhragmenSettings
from plugins.bundled.outcome_stv.rule import SingleTransferableVote
from plugins.bundled.outcome_stv.settings import StvSettings
from plugins.bundled.outcome_threshold.rule import Threshold
from plugins.bundled.outcome_threshold.settings import ThresholdSettings
from tests.support.elections import Election, elections, turned

RULES: dict[str, OutcomeRule] = {
    rule.key: rule
    for rule in (
        GreedySkip(),
        GreedyStop(),
        GreedyPartFund(),
        FundAllIfUnder(),
        Threshold(),
        EqualShares(),
        Phragmen(),
        SingleTransferableVote(),
    )
}


def find(key: str) -> OutcomeRule:
    if key not in RULES:
        raise Invalid(f"There is no rule {key}.", code="tally.rule")
    return RULES[key]


def approvals(rows: dict[str, int], refs: str) -> Profile:
    columns = refs.split()
    ballots = {tuple(sorted((columns.index(ref), 1) for ref in row.split())): times for row, times in rows.items()}
    return Profile.build(BallotFamily.APPROVAL, columns, ballots)


@given(
    elections(),
    st.integers(0, 100),
    st.integers(0, 20),
    st.sampled_from(["greedy-skip", "greedy-stop", "equal-shares", "phragmen", "fund-all-if-under"]),
)
@settings(max_examples=300, deadline=None)
def test_a_threshold_sets_aside_and_another_rule_decides(
    election: Election, percent: int, votes: int, inner: str
) -> None:
    instance, profile = election
    order = tie_break_from(b"t", profile.refs)
    chosen = ThresholdSettings(percent=percent, votes=votes, inner=inner)
    outcome = decide(find, RULES["threshold"], chosen, instance, profile, order)
    support = dict(zip(profile.refs, profile.support.tolist(), strict=True))
    reaching = {ref for ref, voters in support.items() if voters * 100 >= percent * profile.voters and voters >= votes}
    assert set(outcome.allocation) <= reaching
    assert outcome.spent <= instance.budget
    told = [step for step in outcome.steps if step.project]
    assert sorted(step.project for step in told) == sorted(profile.refs)
    assert tuple(step.project for step in told if step.funded) == outcome.allocation
    assert outcome_digest(decide(find, RULES["threshold"], chosen, *turned(election), order)) == outcome_digest(outcome)
    if reaching == set(profile.refs):
        rule = RULES[inner]
        assert outcome.allocation == decide(find, rule, rule.Settings(), instance, profile, order).allocation


def test_falkirk_asks_a_tenth_of_the_votes_of_the_ward() -> None:
    """Ten percent of valid votes in the ward: 100 voters in the town, 20 in the village."""
    candidates = (Candidate("t1", 10, "town"), Candidate("t2", 10, "town"), Candidate("v1", 10, "village"))
    instance = Instance(100, candidates, currency="units", digits=0)
    profile = approvals({"t1": 91, "t1 t2": 3, "t2": 6, "v1": 5, "v1 t2": 0, "": 15}, "t1 t2 v1")
    order = TieBreak(("t1", "t2", "v1"))
    everywhere = decide(find, RULES["threshold"], ThresholdSettings(), instance, profile, order)
    assert everywhere.allocation == ("t1",)
    ward = decide(find, RULES["threshold"], ThresholdSettings(of="area"), instance, profile, order)
    assert ward.allocation == ("t1", "v1")
    told = {step.project: step.sentence.en for step in ward.steps}
    assert told["t2"] == (
        "Not funded: 9 voters chose it, of 100 who voted for projects of town. At least 10 were needed (10 %)."
    )
    none = decide(find, RULES["threshold"], ThresholdSettings(votes=500), instance, profile, order)
    assert (none.allocation, none.remaining) == ((), 100)


def test_voters_whose_projects_were_set_aside_still_count() -> None:
    """Equal shares in a threshold: half of the money belongs to voters of projects that are set aside."""
    instance = Instance(100, (Candidate("a", 60), Candidate("b", 10), Candidate("c", 10)), currency="units", digits=0)
    profile = approvals({"a": 5, "b": 3, "c": 2}, "a b c")
    order = TieBreak(("a", "b", "c"))
    chosen = ThresholdSettings(percent=40, inner="equal-shares", inner_settings={"completion": "none"})
    assert decide(find, RULES["threshold"], chosen, instance, profile, order).allocation == ()


@given(elections(), st.integers(0, 3))
@settings(max_examples=200, deadline=None)
def test_everything_is_funded_where_everything_fits(election: Election, minimum: int) -> None:
    instance, profile = election
    order = tie_break_from(b"t", profile.refs)
    chosen = FundAllSettings(minimum_points=minimum, inner_settings={"minimum_points": minimum})
    outcome = decide(find, RULES["fund-all-if-under"], chosen, instance, profile, order)
    points = profile.points_of()
    costs = {one.ref: one.cost for one in instance.candidates}
    enough = {ref for ref, votes in points.items() if votes >= minimum}
    if sum(costs[ref] for ref in enough) <= instance.budget:
        assert set(outcome.allocation) == enough
    else:
        inner = GreedySkip().decide(instance, profile, GreedySettings(minimum_points=minimum), order)
        assert outcome.allocation == inner.allocation
        assert "more than the pot" in outcome.steps[0].sentence.en
    assert sorted(step.project for step in outcome.steps if step.project) == sorted(profile.refs)
    assert outcome.spent == sum(costs[ref] for ref in outcome.allocation) <= instance.budget


def test_a_wrapped_rule_that_does_not_fit_is_refused_and_one_that_fits_is_not() -> None:
    instance = Instance(100, (Candidate("a", 60),))
    profile = approvals({"a": 5}, "a")
    order = TieBreak(("a",))
    threshold = RULES["threshold"]
    assert decide(find, threshold, ThresholdSettings(), instance, profile, order).allocation == ("a",)
    with pytest.raises(Refused, match="does not count ballots of the family approval"):
        decide(find, threshold, ThresholdSettings(inner="stv"), instance, profile, order)
    with pytest.raises(Invalid, match="There is no rule best"):
        decide(find, threshold, ThresholdSettings(inner="best"), instance, profile, order)
    negative = ThresholdSettings(inner_settings={"minimum_points": -1})
    with pytest.raises(Invalid, match="inner_settings.minimum_points"):
        decide(find, threshold, negative, instance, profile, order)
    nested = ThresholdSettings(inner="threshold", inner_settings={"of": "name"})
    with pytest.raises(Invalid, match="inner_settings.of"):
        decide(find, threshold, nested, instance, profile, order)
    with pytest.raises(PluginError):
        threshold.decide(instance, profile, ThresholdSettings(), order)


def test_what_if_names_the_projects_that_change_and_why() -> None:
    candidates = (Candidate("a", 60), Candidate("b", 50, minimum=20), Candidate("c", 40))
    instance = Instance(100, candidates, currency="units", digits=0)
    profile = approvals({"a": 9, "b": 8, "c": 7}, "a b c")
    order = TieBreak(("a", "b", "c"))
    decided = GreedySkip().decide(instance, profile, GreedySettings(), order)
    others = [
        ("greedy-stop", GreedySettings()),
        ("greedy-part-fund", PartFundSettings()),
        ("greedy-skip", GreedySettings()),
        ("stv", StvSettings()),
        ("threshold", ThresholdSettings(inner="stv")),
        ("equal-shares", EqualSharesSettings(completion="none")),
        ("phragmen", PhragmenSettings()),
    ]
    found = {one.rule: one for one in what_if(find, others, decided, instance, profile, order)}
    assert decided.allocation == ("a", "c")
    stop = found["greedy-stop"]
    assert [(one.project, one.funded_there) for one in stop.changes] == [("c", False)]
    assert stop.changes[0].here.en.startswith("Funded: votes 7, place 2")
    assert "The count ended before it" in stop.changes[0].there.en
    part = found["greedy-part-fund"]
    assert [(one.project, one.funded_there) for one in part.changes] == [("b", True), ("c", False)]
    assert part.changes[0].there.gd
    assert found["greedy-skip"].same
    assert "cannot count" in found["stv"].problem.en
    assert "no decision" in found["threshold"].problem.en
    assert not found["equal-shares"].same
    assert found["phragmen"].remaining == instance.budget - found["phragmen"].spent
    assert decided == GreedySkip().decide(instance, profile, GreedySettings(), order)


def test_what_if_tells_amounts_that_differ() -> None:
    candidates = (Candidate("a", 60), Candidate("b", 50, minimum=20))
    instance = Instance(100, candidates, currency="units", digits=0)
    profile = approvals({"a": 9, "b": 8}, "a b")
    order = TieBreak(("a", "b"))
    decided = GreedyPartFund().decide(instance, profile, PartFundSettings(), order)
    larger = what_if(
        find,
        [("greedy-part-fund", PartFundSettings(ring_fences=[{"amount": 10, "area": "x"}]))],
        decided,
        instance,
        profile,
        order,
    )[0]
    assert larger.changes == ()
    assert larger.amounts == {"b": (40, 30)}
    assert not larger.same
