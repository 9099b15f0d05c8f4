"""Phragmén against a plain count voter by voter, and an example by hand."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from core.counting import tie_break_from
from plugins.api import BallotFamily, Candidate, Instance, Profile, TieBreak
from plugins.bundled.outcome_phragmen.rule import Phragmen
from plugins.bundled.outcome_phragmen.settings import PhragmenSettings
from tests.support.elections import Election, elections, keeps_its_word

RULE = Phragmen()


def plain(election: Election, order: TieBreak, too_dear: str) -> list[str]:
    """Voters one by one, with the money each holds."""
    instance, profile = election
    cost = {one.ref: one.cost for one in instance.candidates}
    voters = [
        {profile.refs[column] for column in profile.columns[first:end]}
        for (first, end), times in zip(pairwise(profile.start.tolist()), profile.multiplicity, strict=True)
        for _ in range(int(times))
    ]
    money = [Fraction(0)] * len(voters)
    waiting = [ref for ref in profile.refs if cost[ref] <= instance.budget and any(ref in one for one in voters)]
    left, bought = instance.budget, []
    while waiting:
        wait = {}
        for ref in waiting:
            behind = [number for number, one in enumerate(voters) if ref in one]
            held = sum((money[number] for number in behind), Fraction(0))
            wait[ref] = (cost[ref] - held) / len(behind)
        soonest = min(wait.values())
        money = [one + soonest for one in money]
        due = sorted((ref for ref in waiting if wait[ref] == soonest), key=order.rank)
        dear = [ref for ref in due if cost[ref] > left]
        waiting = [ref for ref in waiting if ref not in dear]
        if dear and too_dear == "stop":
            break
        affordable = [ref for ref in due if ref not in dear]
        if affordable:
            ref = affordable[0]
            bought.append(ref)
            waiting.remove(ref)
            left -= cost[ref]
            money = [Fraction(0) if ref in one else held for held, one in zip(money, voters, strict=True)]
    return bought


@given(elections(), st.sampled_from(["stop", "skip"]), st.binary(max_size=3))
@settings(max_examples=300, deadline=None)
def test_the_count_is_the_count_voter_by_voter(election: Election, too_dear: str, seed: bytes) -> None:
    order = tie_break_from(seed, election[1].refs)
    outcome = keeps_its_word(RULE, election, PhragmenSettings(too_dear=too_dear), order)
    assert list(outcome.allocation) == plain(election, order, too_dear)


@given(elections(), st.sampled_from(["stop", "skip"]))
@settings(max_examples=200, deadline=None)
def test_without_a_reported_tie_the_order_decides_nothing(election: Election, too_dear: str) -> None:
    instance, profile = election
    order = tie_break_from(b"a", profile.refs)
    chosen = PhragmenSettings(too_dear=too_dear)
    outcome = RULE.decide(instance, profile, chosen, order)
    reverse = RULE.decide(instance, profile, chosen, TieBreak(order.order[::-1]))
    if not outcome.ties:
        assert set(reverse.allocation) == set(outcome.allocation)
    stopped = keeps_its_word(RULE, election, chosen.model_copy(update={"on_tie": "stop"}), order)
    assert outcome.allocation[: len(stopped.allocation)] == stopped.allocation
    assert (stopped.ties[-1].chosen == "") if outcome.ties else stopped == outcome


def test_an_example_by_hand() -> None:
    """60 voters tick A and B, 40 tick C; each costs 120, the pot is 300.

    A and B are due at 120/60 = 2, C at 3. The order puts A first; its voters begin again, so B is due at 4. C comes
    at 3; at 4 B would cost 120 of the 60 left, and the count ends.
    """
    instance = Instance(300, tuple(Candidate(ref, 120) for ref in "ABC"), currency="units", digits=0)
    profile = Profile.build(BallotFamily.APPROVAL, "ABC", {((0, 1), (1, 1)): 60, ((2, 1),): 40})
    outcome = RULE.decide(instance, profile, PhragmenSettings(), TieBreak(("A", "B", "C")))
    assert outcome.allocation == ("A", "C")
    assert [(tie.projects, tie.chosen) for tie in outcome.ties] == [(("A", "B"), "A")]
    told = {step.project: step.sentence.en for step in outcome.steps}
    assert told["C"] == (
        "Funded at place 2: when every voter had been given 3 units, the 40 who chose it held its 120 units together. "
        "They paid it, and 60 units was left."
    )
    assert "given 4 units, the 60 who chose it held its 120 units together, but only 60 units" in told["B"]
