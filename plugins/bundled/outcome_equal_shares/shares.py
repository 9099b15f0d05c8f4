"""One run of the method of equal shares: every voter holds one share, projects are bought by their supporters.

A project is bought at the lowest price that its supporters can raise together: each pays `price` times the weight of
their vote, or all they have left where that is less. The project with the lowest price per gain comes first.

Searching is done in floating point over distinct ballots; deciding is not. `slack` bounds how far a float budget may
lie from the true one. A price counts as known only inside a bracket that was checked against that bound; whatever
brackets cannot tell apart is worked out in whole numbers. Exact values need no row by row arithmetic: a row that is
not used up has left its share less the prices of what it helped to buy, so sums over rows are whole-number counts of
shares and prices, and these are kept over one denominator.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import gcd, inf

import numpy as np
from numpy.typing import NDArray

from plugins.api.profile import Profile

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
EPS = 2.0**-52
# NumPy adds in blocks and pairs: the rounding of a sum stays below this many units in the last place.
SUM = 128 * EPS
WIDTHS = (1e-10, 1e-7, 1e-4)
FIRST_COLUMNS = 16
LOOSE = 1e-8


@dataclass(frozen=True, eq=False)
class Item:
    """A project as the search sees it. `gain` divides the price: the cost where voters gain by cost, else 1."""

    column: int
    cost: int
    gain: int
    rows: Integers
    weight: Integers
    many: Integers
    """Multiplicity of each supporting row."""

    times: Integers
    """Multiplicity x weight of each supporting row."""

    voters: int
    weights: int
    """The sum of `times`."""

    most: int
    """The largest weight."""


def items_of(profile: Profile, costs: Sequence[int], satisfaction: str) -> list[Item]:
    """The projects that anybody supports. Their arrays are parts of one array each, ordered by column."""
    by_score = satisfaction == "score" and bool((profile.scores != 1).any())
    pieces = [profile.supporters(column) for column in range(len(costs))]
    if not pieces:
        return []
    many = profile.multiplicity[np.concatenate([rows for rows, _ in pieces])]
    scores = np.concatenate([scores for _, scores in pieces]) if by_score else np.ones(len(many), dtype=np.int64)
    times = many * scores if by_score else many
    support = profile.support.tolist()
    points = profile.points.tolist() if by_score else support
    items, at = [], 0
    for column, (cost, (rows, _)) in enumerate(zip(costs, pieces, strict=True)):
        piece = slice(at, at + len(rows))
        at = piece.stop
        if len(rows):
            items.append(
                Item(
                    column=column,
                    cost=cost,
                    gain=max(cost, 1) if satisfaction == "cost" else 1,
                    rows=rows,
                    weight=scores[piece],
                    many=many[piece],
                    times=times[piece],
                    voters=support[column],
                    weights=points[column],
                    most=int(scores[piece].max()) if by_score else 1,
                )
            )
    return items


@dataclass
class Purchase:
    """A project that was bought: who was used up by it, and how many whole weights the others paid for."""

    item: Item
    used_up: Integers
    paying: int


@dataclass
class Prices:
    """Exact prices, each a numerator over one denominator for all, so that a sum is one of whole numbers."""

    share: Fraction
    over: int = 1
    each: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.over = self.share.denominator
        self._share = self.share.numerator

    def add(self, price: Fraction) -> None:
        """The next price."""
        more = price.denominator // gcd(price.denominator, self.over)
        if more > 1:
            self.over *= more
            self._share *= more
            self.each = [one * more for one in self.each]
        self.each.append(price.numerator * (self.over // price.denominator))

    def left(self, shares: int, counts: Sequence[int]) -> int:
        """So many shares less so many of each price, as a numerator."""
        return shares * self._share - sum(count * one for count, one in zip(counts, self.each, strict=False) if count)


@dataclass
class Run:
    """The state of one run. `share` is exact; `tie_rank` gives each column its place in the published order."""

    profile: Profile
    items: Sequence[Item]
    share: Fraction
    tie_rank: Sequence[int]
    ceiling: int
    """Stop as soon as more than this is spent; the outcome is of no use then."""

    bought: list[Purchase] = field(default_factory=list)
    ties: list[tuple[list[int], int]] = field(default_factory=list)
    exact_decisions: int = 0
    spent: int = 0

    def __post_init__(self) -> None:
        rows = self.profile.distinct
        self.start = float(self.share)
        self.budget: Floats = np.full(rows, self.start)
        self.live = np.ones(rows, dtype=np.bool_)
        self.slack = self.start * EPS
        self.prices = Prices(self.share)
        self.paid: Integers = np.zeros((rows, 0), dtype=np.int64)
        self.entered = 0

    # Exact values ----------------------------------------------------------------------------------------------

    def _sum(self, rows: Integers, factor: Integers) -> Fraction:
        """The exact sum of factor x budget over live rows."""
        return self._value(*self._counts(rows, factor, len(self.bought)))

    def _counts(self, rows: Integers, factor: Integers, until: int) -> tuple[int, list[int]]:
        """How many shares these rows had, and how many whole weights they paid for each purchase before `until`."""
        if len(rows) == 0 or until == 0:
            return int(factor.sum()), []
        counts: list[int] = (factor @ self._weights(until)[rows, :until]).tolist()
        return int(factor.sum()), counts

    def _weights(self, until: int) -> Integers:
        """The weight of each row (down) in each purchase (across); entered when somebody asks."""
        if self.paid.shape[1] < until:
            wider = np.zeros((len(self.budget), max(FIRST_COLUMNS, 2 * until)), dtype=np.int64)
            wider[:, : self.entered] = self.paid[:, : self.entered]
            self.paid = wider
        while self.entered < until:
            item = self.bought[self.entered].item
            self.paid[item.rows, self.entered] = item.weight
            self.entered += 1
        return self.paid

    def _value(self, shares: int, counts: Sequence[int]) -> Fraction:
        self._known(len(counts))
        return Fraction(self.prices.left(shares, counts), self.prices.over)

    def _known(self, until: int) -> None:
        """Work out the prices of the first purchases."""
        for place in range(len(self.prices.each), until):
            purchase = self.bought[place]
            rows = purchase.used_up
            spent = self.prices.left(*self._counts(rows, self.profile.multiplicity[rows], place))
            cost = purchase.item.cost * self.prices.over
            # Where nobody has anything left, no later sum counts this price.
            self.prices.add(
                Fraction(cost - spent, purchase.paying * self.prices.over) if purchase.paying else Fraction(0)
            )

    def _price(self, place: int) -> Fraction:
        """The exact price of a purchase, worked out when somebody asks."""
        self._known(place + 1)
        return Fraction(self.prices.each[place], self.prices.over)

    def _each(self, rows: Integers) -> list[Fraction]:
        """Exact budgets of single live rows; rows that paid alike share one value."""
        known: dict[tuple[int, ...], Fraction] = {}
        paid = self._weights(len(self.bought))[rows, : len(self.bought)]
        values = []
        for counts in map(tuple, paid.tolist()):
            if counts not in known:
                known[counts] = self._value(1, counts)
            values.append(known[counts])
        return values

    # Prices ----------------------------------------------------------------------------------------------------

    def _raised(self, item: Item, budget: Floats, price: float) -> float:
        """What the supporters raise at this price."""
        return float((item.many * np.minimum(budget, price if item.most == 1 else price * item.weight)).sum())

    def _margin(self, item: Item) -> float:
        """How far `_raised` can lie from the truth: budgets off by `slack`, rounding of products and sum."""
        return item.voters * self.slack * 1.01 + SUM * max(float(item.cost), 1.0)

    def _affordable(self, item: Item, budget: Floats) -> bool:
        total = float((item.many * budget).sum())
        margin = item.voters * self.slack * 1.01 + SUM * max(total, float(item.cost))
        if total >= item.cost + margin:
            return True
        if total <= item.cost - margin:
            return False
        self.exact_decisions += 1
        live = self.live[item.rows]
        return self._sum(item.rows[live], item.many[live]) >= item.cost

    def price(self, item: Item, floor: float) -> tuple[float, float] | None:
        """A checked bracket of the item's price, or None when its supporters cannot pay for it any more."""
        budget = self.budget[item.rows]
        if not self._affordable(item, budget):
            return None
        if item.cost == 0:
            return 0.0, 0.0
        guess, paying = self._search(item, budget, floor)
        margin = self._margin(item)
        tight = 1.2 * margin / (paying * guess) if paying else WIDTHS[0]
        for width in (tight, *WIDTHS):
            low, high = guess * (1 - width), guess * (1 + width)
            if self._raised(item, budget, low) <= item.cost - margin and (
                self._raised(item, budget, high) >= item.cost + margin
            ):
                return low, high
        exact = self.exact_price(item, (0.0, inf))
        return float(exact) * (1 - 4 * EPS), float(exact) * (1 + 4 * EPS)

    def _search(self, item: Item, budget: Floats, floor: float) -> tuple[float, float]:
        """A price and the weights that pay it: Newton's steps from below, each a look at who would be used up."""
        weights = float(item.weights)
        price = max(floor, item.cost / weights)
        for _ in range(60):
            short = np.flatnonzero(budget < (price if item.most == 1 else price * item.weight))
            paying = weights - float(item.times.take(short).sum())
            if paying <= 0:
                break
            better = (item.cost - float((item.many.take(short) * budget.take(short)).sum())) / paying
            if better <= price * (1 + 4 * EPS):
                return better, paying
            price = better
        return price, 0.0

    def exact_price(self, item: Item, bracket: tuple[float, float]) -> Fraction:
        """The price as a fraction. Rows whose place the bracket leaves open are compared exactly."""
        self.exact_decisions += 1
        alive = self.live[item.rows]
        rows, weight, times = item.rows[alive], item.weight[alive], item.times[alive]
        many = item.many[alive]
        budget = self.budget[rows]
        reach = 2 * self.slack
        short = budget < bracket[0] * weight * (1 - 4 * EPS) - reach
        ample = budget > bracket[1] * weight * (1 + 4 * EPS) + reach
        open_rows = ~short & ~ample
        left = item.cost - self._sum(rows[short], many[short])
        paying = int(times[~short].sum())
        values = self._each(rows[open_rows])
        waiting = sorted(
            (value / int(one), value * int(count), int(one) * int(count))
            for value, one, count in zip(values, weight[open_rows], many[open_rows], strict=True)
        )
        last = Fraction(0)
        for at, money, weights in waiting:
            if left <= at * paying:
                break
            left, paying, last = left - money, paying - weights, at
        return left / paying if paying else last

    # Buying ----------------------------------------------------------------------------------------------------

    def buy(self, item: Item, bracket: tuple[float, float]) -> None:
        """Take the money: rows that have less than they should pay are used up."""
        budget = self.budget[item.rows]
        alive = self.live[item.rows]
        low, high = bracket
        reach = 2 * self.slack
        short = alive & (budget <= low * item.weight * (1 - 4 * EPS) - reach)
        doubtful = alive & ~short & (budget <= high * item.weight * (1 + 4 * EPS) + reach)
        if doubtful.any():
            exact = self.exact_price(item, bracket)
            places = np.flatnonzero(doubtful)
            for place, value in zip(places, self._each(item.rows[places]), strict=True):
                short[place] = value <= exact * int(item.weight[place])
        paying = alive & ~short
        purchase = Purchase(item, item.rows[short], int(item.times[paying].sum()))
        self.bought.append(purchase)
        self.spent += item.cost
        price, error = (low + high) / 2, (high - low) * 0.51
        self.budget[item.rows[paying]] -= price * item.weight[paying]
        self.budget[item.rows[short]] = 0.0
        self.live[item.rows[short]] = False
        self.slack += item.most * (error + price * EPS * 2) + self.start * EPS
        if self.slack > LOOSE * self.start:
            self._refresh()

    def _refresh(self) -> None:
        """Work budgets out anew from exact prices, so that the bound on their error is small again."""
        self.budget = np.where(self.live, self.start, 0.0)
        paid = 0.0
        for place, purchase in enumerate(self.bought):
            alive = self.live[purchase.item.rows]
            price = float(self._price(place))
            self.budget[purchase.item.rows[alive]] -= price * purchase.item.weight[alive]
            paid += price * purchase.item.most
        self.slack = (2 * len(self.bought) + 2) * EPS * (self.start + paid)

    def decide(self) -> None:
        """Buy until nothing can be bought or the ceiling is passed."""
        waiting = {item.column: item for item in self.items}
        known = {item.column: (item.cost / float(item.weights) / item.gain * (1 - 8 * EPS), inf) for item in self.items}
        while waiting and self.spent <= self.ceiling:
            best = inf
            fresh: dict[int, tuple[float, float]] = {}
            for column in sorted(waiting, key=lambda column: known[column][0]):
                item = waiting[column]
                if known[column][0] > best:
                    break
                found = self.price(item, known[column][0] * item.gain)
                if found is None:
                    del waiting[column]
                    continue
                low, high = found
                known[column] = (low / item.gain * (1 - 2 * EPS), high / item.gain * (1 + 2 * EPS))
                fresh[column] = found
                best = min(best, known[column][1])
            if not fresh:
                return
            rivals = [column for column in fresh if known[column][0] <= best]
            column = rivals[0] if len(rivals) == 1 else self._between(rivals, waiting, fresh)
            item = waiting.pop(column)
            self.buy(item, fresh[column])

    def _between(self, rivals: Sequence[int], waiting: dict[int, Item], fresh: dict[int, tuple[float, float]]) -> int:
        """Which of those the brackets cannot tell apart: the lowest exact price, then the published order."""
        exact = {column: self.exact_price(waiting[column], fresh[column]) / waiting[column].gain for column in rivals}
        lowest = min(exact.values())
        equal = sorted(
            (column for column in rivals if exact[column] == lowest), key=lambda column: self.tie_rank[column]
        )
        if len(equal) > 1:
            self.ties.append((equal, equal[0]))
        for column in rivals:
            value = float(exact[column] * waiting[column].gain)
            fresh[column] = value * (1 - 4 * EPS), value * (1 + 4 * EPS)
        return equal[0]

    def left_of(self, item: Item) -> Fraction:
        """What the supporters of a project have left together, exact."""
        live = self.live[item.rows]
        return self._sum(item.rows[live], item.many[live])

    def highest_payment(self, place: int) -> Fraction:
        """The price of a purchase per weight; where all supporters were used up, nothing is left to compare."""
        return self._price(place)
