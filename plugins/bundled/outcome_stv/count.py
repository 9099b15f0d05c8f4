"""The stages of a count by single transferable vote, as the Scottish Local Government Elections Order 2011 has them.

SSI 2011/399, Schedule 1, rules 46 to 53 (rules 45 to 52 in the Order of 2007, SSI 2007/42): the weighted inclusive
Gregory method. All papers of a project with a surplus go on, each at surplus x its value / votes, cut after five
decimals; papers of an excluded project go on at the value they have; equal surpluses and equal lowest votes are told
apart by the most recent stage at which they differed, and where there is none a lot is drawn. Our lot is the order of
projects that was committed to before voting opened.

Votes are whole numbers of hundred-thousandths, so five decimals are exact. A count knows nothing of money: what a
project needs, and when the count is over, is asked of `Places`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from plugins.api.profile import Profile

Integers = NDArray[np.int64]
ONE = 100_000
"""One vote: five decimals (rule 49(3))."""


class Places(Protocol):
    """What there is to win."""

    quota: Sequence[int]
    """The votes each project needs."""

    def take(self, column: int) -> None:
        """A project is deemed elected."""

    def full(self) -> bool:
        """Nothing is left to fill."""

    def all_fit(self, continuing: Sequence[int]) -> bool:
        """The projects still in the count can all be elected without more votes (rule 53)."""

    def out_of_reach(self, continuing: Sequence[int]) -> Sequence[int]:
        """Those that can no longer be elected, whatever votes they get; they are excluded before others."""


@dataclass(frozen=True, slots=True)
class Stage:
    """The end of a stage. `what` is first, surplus or exclusion, of the project `column`; votes in 1/100,000.

    `gains` is what each project got, `unplaced` the votes of papers without a next project, `cut` what the five
    decimals lose.
    """

    what: str
    column: int
    votes: tuple[int, ...]
    gains: tuple[tuple[int, int], ...] = ()
    unplaced: int = 0
    cut: int = 0
    surplus: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Fate:
    """How a project ended: elected (by `quota` or `last`), `excluded`, `dear`, `left` or `open`, and at which stage."""

    how: str
    stage: int
    votes: int


@dataclass
class Count:
    """One count. `rank` is the published order of columns; `withdrawn` columns take no part."""

    profile: Profile
    places: Places
    rank: Sequence[int]
    withdrawn: frozenset[int] = frozenset()
    stops_at_tie: bool = False

    stages: list[Stage] = field(default_factory=list)
    fates: dict[int, Fate] = field(default_factory=dict)
    elected: list[int] = field(default_factory=list)
    ties: list[tuple[tuple[int, ...], int]] = field(default_factory=list)
    """Columns between which the published order decided, and the one it put first; -1 where the count stopped."""

    def __post_init__(self) -> None:
        profile = self.profile
        size = len(profile.refs)
        order = np.lexsort((-profile.scores, profile.rows))
        self.preferences: Integers = profile.columns[order]
        scores, rows = profile.scores[order], profile.rows[order]
        self.at: Integers = profile.start[:-1].copy()
        self.end: Integers = profile.start[1:].copy()
        # An order ends where it puts two projects in one place.
        same = np.flatnonzero((rows[1:] == rows[:-1]) & (scores[1:] == scores[:-1]))
        np.minimum.at(self.end, rows[same], same)
        self.value: Integers = np.full(profile.distinct, ONE, dtype=np.int64)
        self.holder: Integers = np.full(profile.distinct, -1, dtype=np.int64)
        self.standing = np.ones(size, dtype=np.bool_)
        self.standing[list(self.withdrawn)] = False
        self.votes: Integers = np.zeros(size, dtype=np.int64)
        self.surpluses: list[int] = []
        self._settle(np.arange(profile.distinct))
        self.papers = int(profile.multiplicity[self.holder >= 0].sum())
        """Valid papers: those that put at least one project of the count in order."""

    # Papers -----------------------------------------------------------------------------------------------------

    def _settle(self, rows: Integers) -> Integers:
        """Move these papers to their next project still standing and credit it; returns the gains by project."""
        open_rows = rows
        while len(open_rows):
            here = self.at[open_rows]
            past = here >= self.end[open_rows]
            self.holder[open_rows[past]] = -1
            open_rows, here = open_rows[~past], here[~past]
            wanted = self.preferences[here]
            found = self.standing[wanted]
            self.holder[open_rows[found]] = wanted[found]
            open_rows = open_rows[~found]
            self.at[open_rows] += 1
        gains = np.zeros(len(self.votes), dtype=np.int64)
        kept = rows[self.holder[rows] >= 0]
        np.add.at(gains, self.holder[kept], self.value[kept] * self.profile.multiplicity[kept])
        self.votes += gains
        return gains

    def _transfer(self, what: str, column: int, moved: int, *, surplus: int = 0) -> None:
        total = int(self.votes[column])
        rows = np.flatnonzero(self.holder == column)
        if surplus:
            # Below 10^16: at most 10^10 votes in hundred-thousandths, times a value of at most 10^5.
            self.value[rows] = surplus * self.value[rows] // total
        self.votes[column] -= moved
        gains = self._settle(rows)
        gone = rows[self.holder[rows] < 0]
        unplaced = int((self.value[gone] * self.profile.multiplicity[gone]).sum())
        self._end_stage(
            Stage(
                what,
                column,
                tuple(self.votes.tolist()),
                tuple((other, gain) for other, gain in enumerate(gains.tolist()) if gain),
                unplaced,
                moved - int(gains.sum()) - unplaced,
                surplus,
                total,
            )
        )

    # Stages -----------------------------------------------------------------------------------------------------

    def decide(self) -> None:
        self._end_stage(Stage("first", -1, tuple(self.votes.tolist()), total=self.papers * ONE))
        while not self._over():
            waiting = [column for column in self.surpluses if self.votes[column] > self.places.quota[column]]
            if waiting:
                column = self._highest(waiting)
                if column < 0:
                    break
                self.surpluses.remove(column)
                surplus = int(self.votes[column]) - self.places.quota[column]
                self._transfer("surplus", column, surplus, surplus=surplus)
            else:
                column = self._lowest()
                if column < 0:
                    break
                self._transfer("exclusion", column, int(self.votes[column]))
        for column in self._continuing():
            how = "open" if self.ties and self.ties[-1][1] < 0 else "left"
            self.fates[column] = Fate(how, len(self.stages), int(self.votes[column]))

    def _continuing(self) -> list[int]:
        return np.flatnonzero(self.standing).tolist()

    def _end_stage(self, stage: Stage) -> None:
        """Who has reached the quota is elected (rule 48)."""
        self.stages.append(stage)
        reached = [column for column in self._continuing() if self.votes[column] >= self.places.quota[column]]
        for column in sorted(reached, key=lambda column: (-int(self.votes[column]), self.rank[column])):
            self._elect(column, "quota")

    def _elect(self, column: int, how: str) -> None:
        self.standing[column] = False
        self.elected.append(column)
        self.places.take(column)
        self.surpluses.append(column)
        self.fates[column] = Fate(how, len(self.stages), int(self.votes[column]))

    def _over(self) -> bool:
        """Whether everything is filled, or what is left fills it (rule 53)."""
        continuing = self._continuing()
        if not continuing or self.places.full():
            return True
        if not self.places.all_fit(continuing):
            return False
        for column in sorted(continuing, key=lambda column: (-int(self.votes[column]), self.rank[column])):
            self._elect(column, "last")
        return True

    # Ties -------------------------------------------------------------------------------------------------------

    def _earlier(self, columns: list[int], best: int) -> list[int]:
        """Those that stood highest (best 1) or lowest (best -1) at the most recent stage that tells them apart."""
        for stage in reversed(self.stages[:-1]):
            extreme = max(best * stage.votes[column] for column in columns)
            columns = [column for column in columns if best * stage.votes[column] == extreme]
            if len(columns) == 1:
                break
        return columns

    def _drawn(self, columns: list[int], *, first: bool) -> int:
        """The lot: who stands first in the published order, or last. -1 where the count stops at such a tie."""
        order = sorted(columns, key=lambda column: self.rank[column])
        self.ties.append((tuple(order), -1 if self.stops_at_tie else order[0]))
        return -1 if self.stops_at_tie else order[0] if first else order[-1]

    def _highest(self, waiting: list[int]) -> int:
        """Whose surplus is transferred first (rule 50)."""
        surplus = {column: int(self.votes[column]) - self.places.quota[column] for column in waiting}
        most = max(surplus.values())
        equal = self._earlier([column for column in waiting if surplus[column] == most], 1)
        return equal[0] if len(equal) == 1 else self._drawn(equal, first=True)

    def _lowest(self) -> int:
        """Who is excluded (rules 51 and 52)."""
        continuing = self._continuing()
        beyond = list(self.places.out_of_reach(continuing))
        among = beyond or continuing
        least = min(int(self.votes[column]) for column in among)
        equal = self._earlier([column for column in among if self.votes[column] == least], -1)
        column = equal[0] if len(equal) == 1 else self._drawn(equal, first=False)
        if column >= 0:
            self.standing[column] = False
            how = "dear" if beyond else "excluded"
            self.fates[column] = Fate(how, len(self.stages) + 1, int(self.votes[column]))
        return column
