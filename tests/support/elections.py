"""Small elections for testing rules: strategies full of ties and exact edges, and the same election turned round."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

from hypothesis import strategies as st

from core.counting import outcome_digest
from plugins.api import BallotFamily, Candidate, Instance, Outcome, OutcomeRule, Profile, TieBreak

Election = tuple[Instance, Profile]
AREAS, CATEGORIES = ("", "north", "south"), ("health", "play")


@st.composite
def elections(
    draw: st.DrawFn, family: BallotFamily = BallotFamily.APPROVAL, *, most: int = 6, marked: bool = False
) -> Election:
    """Up to seven projects; with `marked` they have areas, categories, minima and groups."""
    size = draw(st.integers(1, 7))
    refs = tuple(f"p{number}" for number in range(size))
    candidates = []
    for ref in refs:
        cost = draw(st.integers(0, 40))
        more = {}
        if marked:
            more = {
                "area": draw(st.sampled_from(AREAS)),
                "categories": tuple(draw(st.lists(st.sampled_from(CATEGORIES), max_size=2, unique=True))),
                "minimum": draw(st.none() | st.integers(0, cost)),
                "groups": draw(st.sampled_from([(), (), ("g",), ("h",), ("g", "h")])),
            }
        candidates.append(Candidate(ref, cost, **more))
    ballots: Counter[tuple[tuple[int, int], ...]] = Counter()
    for _ in range(draw(st.integers(1, 12))):
        if family is BallotFamily.ORDINAL:
            order = draw(st.permutations(range(size)))[: draw(st.integers(0, size))]
            row = tuple(sorted((column, size - place) for place, column in enumerate(order)))
        else:
            points = st.just(1) if family is BallotFamily.APPROVAL else st.integers(1, most)
            row = tuple(sorted(draw(st.dictionaries(st.integers(0, size - 1), points, max_size=size)).items()))
        ballots[row] += draw(st.integers(1, 9))
    instance = Instance(draw(st.integers(1, 120)), tuple(candidates), currency="units", digits=0)
    return instance, Profile.build(family, refs, ballots)


def from_orders(orders: Mapping[str, int] | Sequence[tuple[str, int]], refs: Sequence[str] = ()) -> Profile:
    """Ordinal ballots written as `"A B C"` with how often each was cast."""
    pairs = list(orders.items()) if isinstance(orders, Mapping) else list(orders)
    columns = list(refs) or sorted({ref for order, _ in pairs for ref in order.split()})
    rows: Counter[tuple[tuple[int, int], ...]] = Counter()
    for order, times in pairs:
        ranked = [columns.index(ref) for ref in order.split()]
        rows[tuple(sorted((column, len(columns) - place) for place, column in enumerate(ranked)))] += times
    return Profile.build(BallotFamily.ORDINAL, columns, rows)


def turned(election: Election) -> Election:
    """The same election with projects in the reverse order."""
    instance, profile = election
    last = len(profile.refs) - 1
    rows = {
        tuple(
            sorted(
                (last - int(column), int(score))
                for column, score in zip(profile.columns[first:end], profile.scores[first:end], strict=True)
            )
        ): int(times)
        for (first, end), times in zip(pairwise(profile.start.tolist()), profile.multiplicity, strict=True)
    }
    other = Instance(instance.budget, instance.candidates[::-1], currency=instance.currency, digits=instance.digits)
    return other, Profile.build(profile.family, profile.refs[::-1], rows)


def keeps_its_word(rule: OutcomeRule, election: Election, settings: object, order: TieBreak) -> Outcome:
    """What every rule promises: within budget, told once for each project, the same again and turned round, and with
    more money still told."""
    instance, profile = election
    outcome = rule.decide(instance, profile, settings, order)
    costs = {candidate.ref: candidate.cost for candidate in instance.candidates}
    paid = sum(outcome.amounts.get(ref, costs[ref]) for ref in outcome.allocation)
    assert paid == outcome.spent <= instance.budget
    assert outcome.spent + outcome.remaining == instance.budget
    steps = [step for step in rule.explain(outcome) if step.project]
    assert sorted(step.project for step in steps) == sorted(profile.refs)
    assert tuple(step.project for step in steps if step.funded) == outcome.allocation
    for step in outcome.steps:
        assert step.sentence.en
        assert step.sentence.gd != step.sentence.en
        assert "{" not in step.sentence.en + step.sentence.gd
        if step.project:
            assert any(sign.isdigit() for sign in step.sentence.en)
            assert any(sign.isdigit() for sign in step.sentence.gd)
    digest = outcome_digest(outcome)
    assert outcome_digest(rule.decide(instance, profile, settings, order)) == digest
    assert outcome_digest(rule.decide(*turned(election), settings, order)) == digest
    for more in (1, 17, 10**9):
        richer = Instance(instance.budget + more, instance.candidates, currency=instance.currency, digits=0)
        told = rule.decide(richer, profile, settings, order)
        assert sorted(step.project for step in told.steps if step.project) == sorted(profile.refs)
        assert told.spent <= richer.budget
    return outcome
