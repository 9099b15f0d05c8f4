"""A count by the Scottish rules as a returning officer would do it: papers in piles, exact fractions cut to five
decimals. Independent of the plugin: it knows papers, not arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

FIVE = 10**5


def cut(value: Fraction) -> Fraction:
    """To five decimals, any remainder being ignored."""
    return Fraction(value * FIVE // 1, FIVE)


@dataclass
class Paper:
    order: tuple[str, ...]
    value: Fraction = Fraction(1)


@dataclass
class Piles:
    """The state of a count; `lot` is the order in which lots are drawn."""

    quota: dict[str, Fraction]
    lot: Sequence[str]
    pile: dict[str, list[Paper]]
    credited: dict[str, Fraction]
    continuing: list[str]
    elected: list[str] = field(default_factory=list)
    stages: list[dict[str, Fraction]] = field(default_factory=list)
    surplus_due: list[str] = field(default_factory=list)

    def give(self, paper: Paper) -> None:
        following = next((ref for ref in paper.order if ref in self.continuing), None)
        if following is not None:
            self.pile[following].append(paper)
            self.credited[following] += paper.value

    def stage_ends(self) -> None:
        self.stages.append(dict(self.credited))
        reached = [ref for ref in self.continuing if self.credited[ref] >= self.quota[ref]]
        self.elect(reached)

    def elect(self, refs: Sequence[str]) -> None:
        for ref in sorted(refs, key=lambda ref: (-self.credited[ref], self.lot.index(ref))):
            self.continuing.remove(ref)
            self.elected.append(ref)
            self.surplus_due.append(ref)

    def told_apart(self, refs: list[str], best: Callable[[list[Fraction]], Fraction]) -> list[str]:
        for stage in reversed(self.stages[:-1]):
            wanted = best([stage[ref] for ref in refs])
            refs = [ref for ref in refs if stage[ref] == wanted]
        return refs

    def transfer(self, ref: str) -> None:
        surplus, total = self.credited[ref] - self.quota[ref], self.credited[ref]
        papers, self.pile[ref] = self.pile[ref], []
        self.credited[ref] = self.quota[ref]
        for paper in papers:
            paper.value = cut(surplus * paper.value / total)
            self.give(paper)
        self.stage_ends()

    def exclude(self, ref: str) -> None:
        self.continuing.remove(ref)
        papers, self.pile[ref] = self.pile[ref], []
        self.credited[ref] = Fraction(0)
        for paper in papers:
            self.give(paper)
        self.stage_ends()

    def next_surplus(self) -> str | None:
        over = {ref: self.credited[ref] - self.quota[ref] for ref in self.surplus_due}
        over = {ref: surplus for ref, surplus in over.items() if surplus > 0}
        if not over:
            return None
        most = [ref for ref, surplus in over.items() if surplus == max(over.values())]
        chosen = min(self.told_apart(most, max), key=self.lot.index)
        self.surplus_due.remove(chosen)
        return chosen

    def fewest(self, among: Sequence[str]) -> str:
        least = [ref for ref in among if self.credited[ref] == min(self.credited[one] for one in among)]
        return max(self.told_apart(least, min), key=self.lot.index)


def laid_out(papers: Sequence[tuple[str, ...]], refs: Sequence[str], lot: Sequence[str]) -> Piles:
    count = Piles(
        quota={},
        lot=lot,
        pile={ref: [] for ref in refs},
        credited={ref: Fraction(0) for ref in refs},
        continuing=list(refs),
    )
    for order in papers:
        count.give(Paper(order))
    return count


def council(papers: Sequence[tuple[str, ...]], refs: Sequence[str], seats: int, lot: Sequence[str]) -> Piles:
    """The Order as it stands."""
    count = laid_out(papers, refs, lot)
    valid = sum(len(pile) for pile in count.pile.values())
    count.quota = dict.fromkeys(refs, Fraction(valid // (seats + 1) + 1))
    count.stage_ends()
    while len(count.elected) < seats and count.continuing:
        if len(count.continuing) <= seats - len(count.elected):
            count.elect(list(count.continuing))
            break
        surplus = count.next_surplus()
        if surplus is not None:
            count.transfer(surplus)
        else:
            count.exclude(count.fewest(count.continuing))
    return count


def with_costs(
    papers: Sequence[tuple[str, ...]], costs: dict[str, int], budget: int, lot: Sequence[str]
) -> tuple[list[str], Piles]:
    """Our own rule for costs; returns what is funded in order, and the count."""
    named = {ref for order in papers for ref in order}
    refs = [ref for ref, cost in costs.items() if cost <= budget and ref in named]
    count = laid_out(papers, refs, lot)
    valid = sum(len(pile) for pile in count.pile.values())
    count.quota = {ref: -Fraction(-valid * costs[ref] * FIVE // budget, FIVE) for ref in refs}
    count.stage_ends()
    gone: list[str] = []
    while count.continuing:
        left = budget - sum(costs[ref] for ref in count.elected)
        if sum(costs[ref] for ref in count.continuing) <= left:
            count.elect(list(count.continuing))
            break
        surplus = count.next_surplus()
        if surplus is not None:
            count.transfer(surplus)
            continue
        beyond = [ref for ref in count.continuing if costs[ref] > left]
        gone.append(count.fewest(beyond or count.continuing))
        count.exclude(gone[-1])
    funded = list(count.elected)
    for ref in reversed(gone):
        if sum(costs[one] for one in funded) + costs[ref] <= budget:
            funded.append(ref)
    return funded, count
