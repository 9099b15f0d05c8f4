"""Phragmén and transferable votes once more, plain and slow: what the fast rules must agree with.

Voter group by voter group, paper by paper, in whole fractions; no code is shared with the plugins. Benches compare
the two; nothing else uses it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from plugins.api.profile import Profile
from plugins.api.values import Instance, ProjectRef, TieBreak

FIVE = 10**5


@dataclass
class Papers:
    """Papers that say the same and are worth the same."""

    order: tuple[ProjectRef, ...]
    times: int
    value: Fraction = Fraction(1)


def _rows(profile: Profile) -> list[tuple[tuple[ProjectRef, ...], int]]:
    """Each distinct ballot, the most points first, and how often it was cast."""
    found = []
    for (first, end), times in zip(pairwise(profile.start.tolist()), profile.multiplicity.tolist(), strict=True):
        cells = sorted(zip((-profile.scores[first:end]).tolist(), profile.columns[first:end].tolist(), strict=True))
        found.append((tuple(profile.refs[column] for _, column in cells), times))
    return found


def phragmen_checked(instance: Instance, profile: Profile, order: TieBreak) -> list[ProjectRef]:
    """Money at the same pace; a project that does not fit is passed over."""
    cost = {one.ref: one.cost for one in instance.candidates}
    place = {ref: number for number, ref in enumerate(order.order)}
    rows = _rows(profile)
    since = [Fraction(0)] * len(rows)
    left, bought = instance.budget, []
    waiting = {ref for ref in cost if cost[ref] <= left and any(ref in row for row, _ in rows)}
    while waiting:
        due = {}
        for ref in waiting:
            voters = sum(times for row, times in rows if ref in row)
            before = sum((since[number] * times for number, (row, times) in enumerate(rows) if ref in row), Fraction(0))
            due[ref] = (cost[ref] + before) / voters
        ref = min(waiting, key=lambda ref: (due[ref], place[ref]))
        waiting.remove(ref)
        if cost[ref] <= left:
            bought.append(ref)
            left -= cost[ref]
            since = [due[ref] if ref in row else start for start, (row, _) in zip(since, rows, strict=True)]
    return bought


def stv_checked(profile: Profile, seats: int, order: TieBreak) -> list[ProjectRef]:
    """The Scottish count for so many places: who is elected, in order."""
    place = {ref: number for number, ref in enumerate(order.order)}
    papers = [Papers(row, times) for row, times in _rows(profile) if row]
    quota = sum(one.times for one in papers) // (seats + 1) + 1
    continuing, elected, due = list(profile.refs), list[ProjectRef](), list[ProjectRef]()
    pile: dict[ProjectRef, list[Papers]] = {ref: [] for ref in continuing}
    credited = dict.fromkeys(continuing, Fraction(0))
    stages: list[dict[ProjectRef, Fraction]] = []

    def give(moving: list[Papers]) -> None:
        for one in moving:
            following = next((ref for ref in one.order if ref in continuing), None)
            if following is not None:
                pile[following].append(one)
                credited[following] += one.value * one.times

    def elect(refs: list[ProjectRef]) -> None:
        for ref in sorted(refs, key=lambda ref: (-credited[ref], place[ref])):
            continuing.remove(ref)
            elected.append(ref)
            due.append(ref)

    def told_apart(refs: list[ProjectRef], sign: int) -> list[ProjectRef]:
        for stage in reversed(stages[:-1]):
            best = max(sign * stage[ref] for ref in refs)
            refs = [ref for ref in refs if sign * stage[ref] == best]
        return refs

    def ends() -> None:
        stages.append(dict(credited))
        elect([ref for ref in continuing if credited[ref] >= quota])

    give(papers)
    ends()
    while len(elected) < seats and continuing:
        if len(continuing) <= seats - len(elected):
            elect(list(continuing))
            break
        over = {ref: credited[ref] - quota for ref in due if credited[ref] > quota}
        if over:
            most = [ref for ref in over if over[ref] == max(over.values())]
            ref = min(told_apart(most, 1), key=lambda ref: place[ref])
            due.remove(ref)
            total, moving = credited[ref], pile[ref]
            credited[ref] = Fraction(quota)
            for one in moving:
                one.value = Fraction(over[ref] * one.value / total * FIVE // 1, FIVE)
        else:
            least = [ref for ref in continuing if credited[ref] == min(credited[one] for one in continuing)]
            ref = max(told_apart(least, -1), key=lambda ref: place[ref])
            continuing.remove(ref)
            moving = pile[ref]
            credited[ref] = Fraction(0)
        pile[ref] = []
        give(moving)
        ends()
    return elected
