"""Transferable votes: examples worked by others and by hand, and an independent count in piles of paper."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.counting import tie_break_from
from plugins.api import BallotFamily, Candidate, Instance, Outcome, Profile, TieBreak
from plugins.bundled.outcome_stv.rule import SingleTransferableVote, seats_that_fit
from plugins.bundled.outcome_stv.settings import StvSettings
from tests.support.elections import Election, elections, from_orders, keeps_its_word
from tests.support.stv_by_hand import council, with_costs

RULE = SingleTransferableVote()


def elect(profile: Profile, seats: int, order: str = "", **more: str) -> Outcome:
    refs = tuple(order.split()) or profile.refs
    instance = Instance(seats, tuple(Candidate(ref, 1) for ref in profile.refs), currency="places", digits=0)
    return RULE.decide(instance, profile, StvSettings(costs="ignored", seats=seats, **more), TieBreak(refs))


def votes_at(outcome: Outcome, stage: int) -> dict[str, Fraction]:
    step = next(step for step in outcome.steps if not step.project and step.facts.get("stage") == stage)
    return {ref: Fraction(votes, 100_000) for ref, votes in step.facts["votes_100000"].items()}


def papers_of(profile: Profile) -> list[tuple[str, ...]]:
    papers = []
    for (first, end), times in zip(pairwise(profile.start.tolist()), profile.multiplicity.tolist(), strict=True):
        cells = sorted(zip(profile.scores[first:end], profile.columns[first:end], strict=True), reverse=True)
        papers += [tuple(profile.refs[column] for _, column in cells)] * times
    return papers


def test_govan_2007() -> None:
    """Ward 5 Govan, Glasgow City Council, 3 May 2007, four seats, 9,560 valid papers.

    The first two stages of the council's published count: Hunter has 2,694 first preferences against a quota of
    1,913, and her surplus of 781 goes on at 0.28990 a paper. Full preferences as published by the council and counted
    by the program Droop (test/ref/dump/scotland/Govan-2007).
    """
    first = {
        "Butt": 1371,
        "Cobley": 394,
        "Dornan": 1590,
        "Flanagan": 1657,
        "Hughes": 138,
        "Jess": 377,
        "Lang": 398,
        "McIntyre": 450,
        "McNee": 377,
        "Perez": 114,
    }
    after_hunter = [143, 192, 211, 166, 30, 334, 371, 105, 76, 84]
    papers = [("Hunter", 2694 - sum(after_hunter))]
    papers += [(f"Hunter {ref}", times) for ref, times in zip(first, after_hunter, strict=True)]
    papers += list(first.items())
    outcome = elect(from_orders(papers), 4)
    assert outcome.facts["papers"] == 9560
    assert outcome.facts["quota"] == {"each": "1,913"}
    found = votes_at(outcome, 2)
    stated = "1412.45570 449.66080 1651.16890 1705.12340 146.69700 473.82660 505.55290 480.43950 399.03240 138.35160"
    assert [found[ref] for ref in first] == [Fraction(number) for number in stated.split()]
    assert found["Hunter"] == 1913
    sentence = next(step.sentence.en for step in outcome.steps if step.facts.get("stage") == 2)
    assert "Hunter has 2,694 votes, 781 more than it needs" in sentence
    assert "Without a next project: 284.68180. Lost by the cut: 0.00940." in sentence


def test_equal_surpluses_are_told_apart_by_the_stage_before() -> None:
    """Droop's example weak-surplus: B and C have the quota of 8 without a surplus; E goes out by lot against F."""
    ballots = {"A C": 10, "B": 8, "C": 6, "D": 5, "E D": 3, "F D": 3}
    outcome = elect(from_orders(ballots), 4, "A B C D F E")
    assert outcome.allocation == ("A", "B", "C", "D")
    assert votes_at(outcome, 2)["C"] == 8
    assert [(tie.projects, tie.chosen) for tie in outcome.ties] == [(("F", "E"), "F")]
    other = elect(from_orders(ballots), 4, "E F A B C D")
    assert next(step for step in other.steps if step.project == "F").sentence.en.startswith("Not funded: at stage 3")
    stopped = elect(from_orders(ballots), 4, on_tie="stop")
    assert stopped.allocation == ("A", "B", "C")
    assert stopped.ties[0].chosen == ""


def test_equal_lowest_votes_are_told_apart_by_the_stage_before() -> None:
    """Droop's example weak-defeat: B reaches C's 3 votes at stage 2, but had fewer at stage 1, and goes out."""
    outcome = elect(from_orders({"A B": 1, "B": 2, "C": 3, "D": 4, "E": 5}), 2, "B A C D E")
    assert outcome.allocation == ("E", "D")
    assert outcome.ties == ()
    told = {step.project: step.sentence.en for step in outcome.steps}
    assert "at stage 3 it had 3 votes, the fewest" in told["B"]


@pytest.mark.parametrize("lot", ["X Y P Q Z", "Y X P Q Z"])
def test_the_most_recent_stage_that_differs_counts(lot: str) -> None:
    """By hand. Stage 1: X 5, Y 4, P 2, Q 3, Z 10, quota 13. P gives Y 2 (6 against 5), Q gives X 1 (6 each). X goes
    out: it had fewer at stage 2, though more at stage 1."""
    outcome = elect(from_orders({"X": 5, "Y": 4, "P Y": 2, "Q X": 1, "Q": 2, "Z": 10}), 1, lot)
    assert votes_at(outcome, 2) == {"X": 5, "Y": 6, "P": 0, "Q": 3, "Z": 10}
    assert votes_at(outcome, 3) == {"X": 6, "Y": 6, "P": 0, "Q": 0, "Z": 10}
    assert votes_at(outcome, 4) == {"X": 0, "Y": 6, "P": 0, "Q": 0, "Z": 10}
    assert outcome.ties == ()


def test_castor_and_pollux() -> None:
    """Droop's example 42: four papers Castor, Pollux and two Helen. Quota 6/3+1 = 3; the surplus of 1 goes on at
    0.25 a paper; Pollux with 1 vote goes out, and Helen fills the last place."""
    outcome = elect(from_orders({"Castor Pollux": 4, "Helen": 2}), 2)
    assert outcome.allocation == ("Castor", "Helen")
    assert votes_at(outcome, 2) == {"Castor": 3, "Helen": 2, "Pollux": 1}


def test_values_are_cut_and_papers_keep_the_value_they_came_with() -> None:
    """Worked by hand. 17 papers, 3 places, quota 17/4 cut + 1 = 5.

    Stage 1: A 7, B 4, C 3, D 2, E 1. A's surplus 2 goes on at 2/7 = 0.28571. Stage 2: B 4 + 5 x 0.28571 = 5.42855,
    C 3 + 2 x 0.28571 = 3.57142. B's surplus 0.42855: its own papers at 0.42855/5.42855 = 0.07894 (C gets four of
    them), those from A at 0.28571 x 0.42855 / 5.42855 = 0.02255 (D gets five). Stage 3: C 3.88718, D 2.11275.
    """
    profile = from_orders({"A B D": 5, "A C": 2, "B C": 4, "C": 3, "D": 2, "E": 1})
    outcome = elect(profile, 3)
    assert votes_at(outcome, 2) == {
        "A": 5,
        "B": Fraction("5.42855"),
        "C": Fraction("3.57142"),
        "D": 2,
        "E": 1,
    }
    third = votes_at(outcome, 3)
    assert third["C"] == Fraction("3.57142") + 4 * Fraction("0.07894")
    assert third["D"] == 2 + 5 * Fraction("0.02255")
    assert outcome.allocation == ("A", "B", "C")


@given(elections(BallotFamily.ORDINAL), st.integers(0, 7), st.binary(max_size=3))
@settings(max_examples=300, deadline=None)
def test_the_count_is_the_count_in_piles(election: Election, seats: int, seed: bytes) -> None:
    instance, profile = election
    order = tie_break_from(seed, profile.refs)
    chosen = StvSettings(costs="ignored", seats=seats)
    outcome = keeps_its_word(RULE, election, chosen, order)
    costs = {one.ref: one.cost for one in instance.candidates}
    refs = [ref for ref in profile.refs if costs[ref] <= instance.budget]
    places = seats or seats_that_fit([costs[ref] for ref in refs], instance.budget)
    plain = council(papers_of(profile), refs, places, order.order)
    for number, stage in enumerate(plain.stages, start=1):
        found = votes_at(outcome, number)
        assert {ref: found[ref] for ref in refs} == stage
    left, funded = instance.budget, []
    for ref in plain.elected:
        if costs[ref] <= left:
            funded.append(ref)
            left -= costs[ref]
    assert list(outcome.allocation) == funded
    if not seats:
        assert len(funded) == len(plain.elected)


@given(elections(BallotFamily.ORDINAL), st.binary(max_size=3))
@settings(max_examples=300, deadline=None)
def test_with_costs_the_count_is_the_count_in_piles(election: Election, seed: bytes) -> None:
    instance, profile = election
    order = tie_break_from(seed, profile.refs)
    outcome = keeps_its_word(RULE, election, StvSettings(), order)
    costs = {one.ref: one.cost for one in instance.candidates}
    funded, plain = with_costs(papers_of(profile), costs, instance.budget, order.order)
    assert list(outcome.allocation) == funded
    for number, stage in enumerate(plain.stages, start=1):
        found = votes_at(outcome, number)
        assert {ref: found[ref] for ref in stage} == stage
    # Nothing that a ballot names and that still fits is left out.
    named = {ref for ref, voters in zip(profile.refs, profile.support, strict=True) if voters}
    assert all(costs[ref] > outcome.remaining for ref in named - set(outcome.allocation))
    kept = RULE.decide(instance, profile, StvSettings(left_over="kept"), order)
    assert outcome.allocation[: len(kept.allocation)] == kept.allocation


def test_equal_costs_and_equal_quota_are_the_same_thing() -> None:
    """Where costs are alike, a project needs the same votes under both, but for the Order's smaller quota."""
    instance = Instance(40, tuple(Candidate(ref, 10) for ref in "ABCDE"), currency="units", digits=0)
    profile = from_orders({"A B": 9, "B C": 6, "C A": 5, "D E": 3, "E": 1})
    order = TieBreak(tuple("ABCDE"))
    outcome = RULE.decide(instance, profile, StvSettings(), order)
    assert len(outcome.allocation) == 4
    told = next(step.sentence.en for step in outcome.steps if step.project == "A")
    assert told == "Funded at place 1: at stage 1 it had 9 votes, and it needed 6."


@pytest.mark.parametrize("seats", [2, 3])
def test_officers_are_told_when_seats_can_cost_more_than_the_pot(seats: int) -> None:
    instance = Instance(100, (Candidate("a", 60), Candidate("b", 40), Candidate("c", 1)))
    codes = [one.code for one in RULE.check(instance, StvSettings(costs="ignored", seats=seats))]
    assert codes == ([] if seats == 2 else ["outcome.seats"])
