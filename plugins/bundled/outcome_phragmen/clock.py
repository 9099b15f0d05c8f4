"""Sequential Phragmén, exact: who has paid up to when, and when each project could be paid for.

Every voter gets money at the same pace. When the voters of a project hold its cost together, it is bought and they
start again from nothing. A voter's money is therefore the time now less the time of their last purchase, and all that
has to be known of a distinct ballot is the number of that purchase. For each project we keep how many of its voters
last paid at which purchase: whole numbers, so that times are exact fractions however many ballots there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import gcd

import numpy as np
from numpy.typing import NDArray

from plugins.api.profile import Profile

Integers = NDArray[np.int64]


class Clock:
    """The state of a count. Times are in money per voter; `times[0]` is the start, `times[n]` that of purchase n."""

    def __init__(self, profile: Profile, costs: Sequence[int]) -> None:
        self.profile, self.costs = profile, costs
        self.times = [Fraction(0)]
        self.last: Integers = np.zeros(profile.distinct, dtype=np.int64)
        self.voters = [int(count) for count in profile.support]
        # paid[p][n]: voters of project p whose last purchase is n.
        self.paid: Integers = np.zeros((len(costs), len(costs) + 1), dtype=np.int64)
        self.paid[:, 0] = profile.support
        # Times as whole numbers over one denominator, for sums over purchases.
        self.scale = 1
        self.scaled = [0]

    def due(self, column: int) -> Fraction:
        """When the voters of a project hold its cost together, if nothing else is bought before."""
        before = sum(
            int(count) * self.scaled[n] for n, count in enumerate(self.paid[column, : len(self.times)]) if count
        )
        return Fraction(self.costs[column] * self.scale + before, self.scale * self.voters[column])

    def held(self, column: int, at: Fraction) -> Fraction:
        """What the voters of a project hold together at a time."""
        pairs = zip(self.times, self.paid[column, : len(self.times)].tolist(), strict=True)
        return sum(((at - since) * count for since, count in pairs if count), Fraction(0))

    def buy(self, column: int, at: Fraction) -> None:
        number = len(self.times)
        self.times.append(at)
        common = self.scale // gcd(self.scale, at.denominator) * at.denominator
        self.scaled = [value * (common // self.scale) for value in self.scaled]
        self.scaled.append(at.numerator * (common // at.denominator))
        self.scale = common
        profile = self.profile
        rows, _ = profile.supporters(column)
        lengths = profile.start[rows + 1] - profile.start[rows]
        owner = np.repeat(rows, lengths)
        # The cells of these rows, one row after another.
        cells = np.repeat(profile.start[rows] - np.cumsum(lengths) + lengths, lengths) + np.arange(len(owner))
        columns, many = profile.columns[cells], profile.multiplicity[owner]
        np.subtract.at(self.paid, (columns, self.last[owner]), many)
        np.add.at(self.paid, (columns, np.full(len(owner), number)), many)
        self.last[rows] = number
