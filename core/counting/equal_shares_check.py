"""Equal shares once more, plain and slow, in whole fractions: what the fast rule must agree with.

It follows the words of the rule voter group by voter group and shares no code with the plugin. Tests and benches
compare the two; nothing else uses it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from plugins.api.profile import Profile
from plugins.api.values import Instance, ProjectRef, TieBreak


@dataclass(frozen=True, slots=True)
class Checked:
    """The projects in order of purchase and what they cost; `runs` counts how often shares were raised, plus one."""

    allocation: tuple[ProjectRef, ...]
    spent: int
    runs: int
    share: Fraction


def _price(cost: int, holders: Sequence[tuple[Fraction, int, int]]) -> Fraction | None:
    """The lowest price at which (budget, weight, times) raise the cost, or None when they cannot."""
    if sum((budget * times for budget, _, times in holders), Fraction(0)) < cost:
        return None
    left = Fraction(cost)
    weights = sum(weight * times for _, weight, times in holders)
    last = Fraction(0)
    for budget, weight, times in sorted(holders, key=lambda holder: holder[0] / holder[1]):
        if left * weight <= budget * weights:
            return left / weights
        left -= budget * times
        weights -= weight * times
        last = budget / weight
    return last


def run_checked(instance: Instance, profile: Profile, share: Fraction, order: TieBreak, satisfaction: str) -> Checked:
    """One run with this share for every voter."""
    place = {ref: number for number, ref in enumerate(order.order)}
    cost_of = {candidate.ref: candidate.cost for candidate in instance.candidates}
    times = [int(value) for value in profile.multiplicity]
    budget = [share] * profile.distinct
    supporters: dict[ProjectRef, list[tuple[int, int]]] = {}
    for column, ref in enumerate(profile.refs):
        rows, scores = profile.supporters(column)
        pairs = [
            (int(row), int(score) if satisfaction == "score" else 1) for row, score in zip(rows, scores, strict=True)
        ]
        if pairs and cost_of[ref] <= instance.budget:
            supporters[ref] = pairs
    bought: list[ProjectRef] = []
    while supporters:
        best: tuple[Fraction, int, ProjectRef, Fraction] | None = None
        for ref in list(supporters):
            price = _price(cost_of[ref], [(budget[row], weight, times[row]) for row, weight in supporters[ref]])
            if price is None:
                del supporters[ref]
                continue
            gain = price / max(cost_of[ref], 1) if satisfaction == "cost" else price
            if best is None or (gain, place[ref]) < best[:2]:
                best = gain, place[ref], ref, price
        if best is None:
            break
        _, _, ref, price = best
        for row, weight in supporters.pop(ref):
            budget[row] -= min(budget[row], price * weight)
        bought.append(ref)
    return Checked(tuple(bought), sum(cost_of[ref] for ref in bought), 1, share)


def add1_checked(
    instance: Instance,
    profile: Profile,
    order: TieBreak,
    *,
    increment: int,
    satisfaction: str = "cost",
    stop: str = "last-feasible",
) -> Checked:
    """Raise the share by `increment` until the stop rule ends it."""
    share = Fraction(instance.budget, profile.voters)
    cost_of = {candidate.ref: candidate.cost for candidate in instance.candidates}
    wanted = {
        ref
        for ref, support in zip(profile.refs, profile.support, strict=True)
        if support and cost_of[ref] <= instance.budget
    }
    current = run_checked(instance, profile, share, order, satisfaction)
    runs = 1
    while len(current.allocation) < len(wanted):
        left = instance.budget - current.spent
        if stop == "first-exhaustive" and all(cost_of[ref] > left for ref in wanted - set(current.allocation)):
            break
        share += increment
        following = run_checked(instance, profile, share, order, satisfaction)
        runs += 1
        if following.spent > instance.budget:
            break
        current = following
    return Checked(current.allocation, current.spent, runs, current.share)
