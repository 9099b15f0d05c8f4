"""How far shares can rise before one run of equal shares comes to anything else, in whole fractions.

While nothing changes its place, every budget and price is a straight line in the share: a voter who is used up pays
all of it, the others divide the rest. What a run rests on are comparisons of such lines: who is used up by a purchase,
whose supporters can pay, which project is the cheapest. The first of them that turns round ends the plateau.

Where amounts are large and shares rise by a penny, most raises change nothing; this finds the next that may.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from plugins.bundled.outcome_equal_shares.shares import Item

NOTHING = (Fraction(0), Fraction(0))
Line = tuple[Fraction, Fraction]
"""A value at the share of the run, and by how much it rises for each unit that the share rises."""


class Turned(Exception):
    """A comparison turns round at once: no raise is certain to change nothing."""


@dataclass
class Plateau:
    """The comparisons met so far: all of them hold for any raise below `end`; None is no end."""

    end: Fraction | None = None

    def holds(self, at: Fraction, slope: Fraction) -> None:
        """A difference that is not negative, and must not become so."""
        if slope >= 0:
            return
        if at <= 0:
            raise Turned
        until = at / -slope
        if self.end is None or until < self.end:
            self.end = until


@dataclass(frozen=True)
class Group:
    """A project with its supporters as plain numbers: (row, weight, voters) each."""

    item: Item
    supporters: Sequence[tuple[int, int, int]]

    @classmethod
    def of(cls, item: Item) -> Group:
        return cls(item, list(zip(item.rows.tolist(), item.weight.tolist(), item.many.tolist(), strict=True)))


def _price(group: Group, budget: Sequence[Line], plateau: Plateau) -> tuple[Line, list[int]] | None:
    """The price per weight and the rows it uses up, or None where the supporters cannot pay."""
    cost = group.item.cost
    total = sum((budget[row][0] * many for row, _, many in group.supporters), Fraction(0))
    slope = sum((budget[row][1] * many for row, _, many in group.supporters), Fraction(0))
    if total < cost:
        plateau.holds(cost - total, -slope)
        return None
    plateau.holds(total - cost, slope)
    waiting = sorted(group.supporters, key=lambda one: budget[one[0]][0] / one[1])
    left, change, paying = Fraction(cost), Fraction(0), group.item.weights
    place = 0
    # They have the cost together, so that somebody can pay the price.
    while left * waiting[place][1] > budget[waiting[place][0]][0] * paying:
        row, weight, many = waiting[place]
        left, change, paying = left - budget[row][0] * many, change - budget[row][1] * many, paying - weight * many
        place += 1
    price = left / paying, change / paying
    for row, weight, _ in waiting[:place]:
        plateau.holds(price[0] * weight - budget[row][0], price[1] * weight - budget[row][1])
    for row, weight, _ in waiting[place:]:
        plateau.holds(budget[row][0] - price[0] * weight, budget[row][1] - price[1] * weight)
    return price, [row for row, _, _ in waiting[:place]]


def plateau_end(groups: Sequence[Group], rows: int, share: Fraction, rank: Sequence[int], ceiling: int) -> Fraction:
    """Every raise of the share below this buys the same projects, in the same order. Nought where that is not sure.

    `rank` gives each column its place in the published order; the run ends once more than `ceiling` is spent.
    """
    plateau = Plateau()
    budget: list[Line] = [(share, Fraction(1))] * rows
    waiting = list(groups)
    spent = 0
    try:
        while waiting and spent <= ceiling:
            found: list[tuple[Line, list[int], Group]] = []
            for group in waiting:
                priced = _price(group, budget, plateau)
                if priced is not None:
                    found.append((*priced, group))
            if not found:
                break
            price, used_up, best = min(found, key=lambda one: (one[0][0] / one[2].item.gain, rank[one[2].item.column]))
            for other, _, group in found:
                gain, best_gain = group.item.gain, best.item.gain
                plateau.holds(other[0] / gain - price[0] / best_gain, other[1] / gain - price[1] / best_gain)
            gone = set(used_up)
            for row, weight, _ in best.supporters:
                at, slope = budget[row]
                budget[row] = NOTHING if row in gone else (at - price[0] * weight, slope - price[1] * weight)
            spent += best.item.cost
            waiting = [group for _, _, group in found if group is not best]
    except Turned:
        return Fraction(0)
    # With everybody's project bought nothing can change any more.
    return plateau.end if plateau.end is not None else Fraction(ceiling + 1)
