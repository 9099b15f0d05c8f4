"""Who answers alike: pure numbers in, a map out. No Django, no names.

The way of Small, Bjorkegren, Erkkilä, Shaw and Megill, "Polis: Scaling Deliberation by Mapping High Dimensional
Opinion Spaces" (Recerca 26.2, 2021): answers as a table of people by statements; what somebody has not seen is filled
with the mean of those who have; principal components; people who answered little are moved out from the middle by
the root of the share they have seen; k-means for each number of groups, of which the silhouette chooses one.
Consensus is group-aware: the product, over all groups, of the share in each that agrees, so that a large group cannot
outvote a small one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score
from threadpoolctl import threadpool_limits

Numbers = npt.NDArray[np.float64]
MOST_GROUPS = 5
SEED = 20261124
STARTS = 10
SILHOUETTE_SAMPLE = 2000
REPRESENTATIVE = 5
# One-sided, 90 %: a group's difference from everybody else is told only when chance alone would hardly make it.
SURE = 1.2815515655446004


@dataclass(frozen=True, slots=True)
class Table:
    """Answers as three columns of equal length: person and statement by number, and 1, 0 or -1."""

    people: int
    statements: int
    person: npt.NDArray[np.int64]
    statement: npt.NDArray[np.int64]
    value: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Characteristic:
    """A statement that marks a group: how many of it agree (or disagree) and how much more often than others."""

    statement: int
    agrees: bool
    share: float
    times: float


@dataclass(frozen=True, slots=True)
class Grouping:
    """`labels` has one number per person, -1 for those who answered too little. Arrays are groups by statements."""

    labels: npt.NDArray[np.int64]
    points: Numbers
    silhouette: float
    agree: npt.NDArray[np.int64]
    disagree: npt.NDArray[np.int64]
    seen: npt.NDArray[np.int64]
    consensus: tuple[tuple[int, float], ...]
    representative: tuple[tuple[Characteristic, ...], ...]

    @property
    def groups(self) -> int:
        return int(self.labels.max()) + 1 if self.labels.size else 0


def grouped(table: Table, *, fewest_answers: int, fewest_in_group: int) -> Grouping | None:
    """The map of a table; None where nobody, or nothing, tells people apart."""
    answers = np.bincount(table.person, minlength=table.people)
    enough = min(fewest_answers, table.statements)
    kept = np.flatnonzero(answers >= max(enough, 1))
    if kept.size < 2 * fewest_in_group or table.statements < 2:
        return None
    # One thread: the numbers are small, and threads that wait for one another on a busy machine cost minutes.
    with threadpool_limits(1):
        return _grouped(table, answers, kept, fewest_in_group)


def _grouped(
    table: Table, answers: npt.NDArray[np.int64], kept: npt.NDArray[np.int64], fewest_in_group: int
) -> Grouping | None:
    row_of = np.full(table.people, -1)
    row_of[kept] = np.arange(kept.size)
    inside = row_of[table.person] >= 0
    rows, columns, values = row_of[table.person[inside]], table.statement[inside], table.value[inside]
    points = _places(rows, columns, values, answers[kept], table.statements)
    if points is None:
        return None
    labels, silhouette = _clusters(points, fewest_in_group)
    if labels is None:
        return None
    whole = np.full(table.people, -1, dtype=np.int64)
    whole[kept] = labels
    place = np.zeros((table.people, 2))
    place[kept] = points
    return _described(table, whole, place, silhouette)


def described(table: Table, labels: npt.NDArray[np.int64]) -> Grouping:
    """What given groups agree on: for groups that were found elsewhere."""
    return _described(table, labels, np.zeros((table.people, 2)), 0.0)


def _places(
    rows: npt.NDArray[np.int64],
    columns: npt.NDArray[np.int64],
    values: npt.NDArray[np.int64],
    answers: npt.NDArray[np.int64],
    statements: int,
) -> Numbers | None:
    """Each person's place on two axes; None where all answers are alike."""
    seen = np.bincount(columns, minlength=statements)
    means = np.bincount(columns, weights=values, minlength=statements) / np.maximum(seen, 1)
    # Not seen is the mean, which is nothing once the mean is taken away.
    table = np.zeros((answers.size, statements))
    table[rows, columns] = values - means[columns]
    # The axes are eigenvectors of the statements' own matrix: as small as there are statements, whoever many people.
    weights, vectors = np.linalg.eigh(table.T @ table)
    if weights[-1] <= 1e-9:
        return None
    axes = vectors[:, ::-1][:, :2]
    # An axis points either way; the same data must always give the same map.
    axes = axes * np.where(axes[np.abs(axes).argmax(axis=0), [0, 1]] < 0, -1.0, 1.0)
    places: Numbers = table @ axes * np.sqrt(statements / answers)[:, None]
    return places


def _clusters(points: Numbers, fewest: int) -> tuple[npt.NDArray[np.int64] | None, float]:
    """The best number of groups by silhouette, of those in which every group is large enough."""
    best: tuple[npt.NDArray[np.int64] | None, float] = (None, -1.0)
    for number in range(2, min(MOST_GROUPS, points.shape[0] // fewest) + 1):
        if np.unique(points, axis=0).shape[0] < number:
            break
        labels = KMeans(number, n_init=STARTS, random_state=SEED).fit_predict(points)
        sizes = np.bincount(labels, minlength=number)
        if sizes.min() < fewest:
            continue
        sample = SILHOUETTE_SAMPLE if points.shape[0] > SILHOUETTE_SAMPLE else None
        quality = float(silhouette_score(points, labels, sample_size=sample, random_state=SEED))
        if quality > best[1]:
            # The largest group is the first, so that letters keep their meaning from one map to the next.
            order = np.argsort(-sizes, kind="stable")
            renamed = np.empty(number, dtype=np.int64)
            renamed[order] = np.arange(number)
            best = (renamed[labels], quality)
    return best


def _described(table: Table, labels: npt.NDArray[np.int64], points: Numbers, silhouette: float) -> Grouping:
    groups = int(labels.max()) + 1
    member = labels[table.person]
    inside = member >= 0
    place = member[inside] * table.statements + table.statement[inside]
    shape = (groups, table.statements)
    size = groups * table.statements

    def counted(wanted: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        return np.bincount(place[wanted], minlength=size).reshape(shape)

    value = table.value[inside]
    agree, disagree, seen = counted(value == 1), counted(value == -1), counted(np.ones_like(value, dtype=bool))
    shares = (agree + 1) / (seen + 2)
    together = shares.prod(axis=0)
    asked = (seen > 0).all(axis=0)
    order = sorted(np.flatnonzero(asked), key=lambda one: (-together[one], one))
    return Grouping(
        labels=labels,
        points=points,
        silhouette=silhouette,
        agree=agree,
        disagree=disagree,
        seen=seen,
        consensus=tuple((int(one), float(together[one])) for one in order),
        representative=tuple(_marks(group, agree, disagree, seen) for group in range(groups)),
    )


def _marks(
    group: int, agree: npt.NDArray[np.int64], disagree: npt.NDArray[np.int64], seen: npt.NDArray[np.int64]
) -> tuple[Characteristic, ...]:
    """What a group says more often than all others, surest first."""
    found: list[tuple[float, Characteristic]] = []
    n_in, n_out = seen[group], seen.sum(axis=0) - seen[group]
    for agrees, count in ((True, agree), (False, disagree)):
        k_in, k_out = count[group], count.sum(axis=0) - count[group]
        share_in, share_out = (k_in + 1) / (n_in + 2), (k_out + 1) / (n_out + 2)
        # Is it more than half of the group, and more than elsewhere? One and two proportions against chance.
        half = 2 * np.sqrt(n_in + 1) * ((k_in + 1) / (n_in + 1) - 0.5)
        pooled = (k_in + k_out + 2) / (n_in + n_out + 2)
        spread = np.sqrt(np.maximum(pooled * (1 - pooled), 1e-12) * (1 / (n_in + 1) + 1 / (n_out + 1)))
        more = ((k_in + 1) / (n_in + 1) - (k_out + 1) / (n_out + 1)) / spread
        for one in np.flatnonzero((half > SURE) & (more > SURE)):
            strength = float(share_in[one] / share_out[one] * share_in[one] * half[one] * more[one])
            share = float(k_in[one] / n_in[one])
            times = float(share_in[one] / share_out[one])
            found.append((strength, Characteristic(int(one), agrees, share, times)))
    found.sort(key=lambda pair: (-pair[0], pair[1].statement, not pair[1].agrees))
    best: list[Characteristic] = []
    for _strength, mark in found:
        if all(mark.statement != other.statement for other in best):
            best.append(mark)
    return tuple(best[:REPRESENTATIVE])


def table_of(answers: Sequence[tuple[int, int, int]], people: int, statements: int) -> Table:
    """A table from rows of person, statement and value."""
    columns = np.array(answers, dtype=np.int64).reshape(-1, 3)
    return Table(people, statements, columns[:, 0], columns[:, 1], columns[:, 2])
