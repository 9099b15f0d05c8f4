"""The counted profile: distinct ballots with how often each was cast, as a sparse matrix of whole numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from plugins.api.values import BallotFamily, ProjectRef

Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Profile:
    """Rows are distinct ballots, columns are projects; `multiplicity[row]` voters cast that ballot.

    Stored by rows: the scores of row r are `scores[start[r]:start[r + 1]]` for the columns in the same slice
    of `columns`, ascending. Scores are positive; a project that is not in a row scores nothing there.
    A hundred thousand ballots are four arrays, never a hundred thousand objects.
    """

    family: BallotFamily
    refs: tuple[ProjectRef, ...]
    start: Integers
    columns: Integers
    scores: Integers
    multiplicity: Integers

    @property
    def distinct(self) -> int:
        return len(self.multiplicity)

    @cached_property
    def voters(self) -> int:
        """Ballots counted, blank ones included."""
        return int(self.multiplicity.sum())

    @cached_property
    def rows(self) -> Integers:
        """The row of each stored score."""
        return np.repeat(np.arange(self.distinct, dtype=np.int64), np.diff(self.start))

    @cached_property
    def points(self) -> Integers:
        """Points (approvals for approval ballots) per project, exact."""
        total = np.zeros(len(self.refs), dtype=np.int64)
        np.add.at(total, self.columns, self.scores * self.multiplicity[self.rows])
        return total

    @cached_property
    def support(self) -> Integers:
        """Voters per project who gave it anything."""
        total = np.zeros(len(self.refs), dtype=np.int64)
        np.add.at(total, self.columns, self.multiplicity[self.rows])
        return total

    def points_of(self) -> Mapping[ProjectRef, int]:
        return dict(zip(self.refs, (int(value) for value in self.points), strict=True))

    @cached_property
    def _by_column(self) -> tuple[Integers, Integers, Integers]:
        order = np.argsort(self.columns, kind="stable")
        bounds = np.searchsorted(self.columns[order], np.arange(len(self.refs) + 1))
        return self.rows[order], self.scores[order], bounds.astype(np.int64)

    def supporters(self, column: int) -> tuple[Integers, Integers]:
        """Rows that score the project in this column, ascending, and their scores."""
        rows, scores, bounds = self._by_column
        piece = slice(int(bounds[column]), int(bounds[column + 1]))
        return rows[piece], scores[piece]

    def voters_for(self, refs: Iterable[ProjectRef]) -> int:
        """Voters who gave at least one of these projects anything."""
        wanted = set(refs)
        inside = np.fromiter((ref in wanted for ref in self.refs), dtype=np.bool_, count=len(self.refs))
        return int(self.multiplicity[np.unique(self.rows[inside[self.columns]])].sum())

    def only(self, refs: Iterable[ProjectRef]) -> Profile:
        """The same voters, with what they gave to these projects alone; for a rule that sets others aside.

        Nobody is left out, so that shares and thresholds keep counting all voters. Raises KeyError for a project that
        is not here.
        """
        kept = tuple(refs)
        if kept == self.refs:
            return self
        places = {ref: column for column, ref in enumerate(self.refs)}
        new = np.full(len(self.refs), -1, dtype=np.int64)
        for column, ref in enumerate(kept):
            new[places[ref]] = column
        columns = new[self.columns]
        inside = columns >= 0
        rows: Integers = self.rows[inside]
        columns, scores = columns[inside], self.scores[inside]
        order = np.lexsort((columns, rows))
        start = np.zeros(self.distinct + 1, dtype=np.int64)
        np.cumsum(np.bincount(rows, minlength=self.distinct), out=start[1:])
        return Profile(self.family, kept, start, columns[order], scores[order], self.multiplicity)

    def part(self, refs: Iterable[ProjectRef]) -> Profile:
        """The profile of one sheet of a ballot: these projects alone, and the voters who gave one of them anything.

        Rows that say the same of these projects become one. Raises KeyError for a project that is not here.
        """
        kept = tuple(refs)
        places = {ref: column for column, ref in enumerate(self.refs)}
        columns = {places[ref]: column for column, ref in enumerate(kept)}
        rows: dict[tuple[tuple[int, int], ...], int] = {}
        for row in range(self.distinct):
            piece = slice(int(self.start[row]), int(self.start[row + 1]))
            cells = zip(self.columns[piece].tolist(), self.scores[piece].tolist(), strict=True)
            inside = tuple(sorted((columns[column], score) for column, score in cells if column in columns))
            if inside:
                rows[inside] = rows.get(inside, 0) + int(self.multiplicity[row])
        return Profile.build(self.family, kept, rows)

    @classmethod
    def build(
        cls,
        family: BallotFamily,
        refs: Iterable[ProjectRef],
        ballots: Mapping[tuple[tuple[int, int], ...], int],
    ) -> Profile:
        """From distinct ballots, each a sorted tuple of (column, score), to how often each was cast.

        The rows are put into one order whatever the order of the mapping, so that a recount is the same
        bytes.
        """
        ordered = sorted(ballots.items())
        lengths = np.fromiter((len(row) for row, _ in ordered), dtype=np.int64, count=len(ordered))
        cells = int(lengths.sum())
        start = np.zeros(len(ordered) + 1, dtype=np.int64)
        np.cumsum(lengths, out=start[1:])
        return cls(
            family=family,
            refs=tuple(refs),
            start=start,
            columns=np.fromiter((c for row, _ in ordered for c, _ in row), dtype=np.int64, count=cells),
            scores=np.fromiter((s for row, _ in ordered for _, s in row), dtype=np.int64, count=cells),
            multiplicity=np.fromiter((n for _, n in ordered), dtype=np.int64, count=len(ordered)),
        )
