"""How good a project is by majority judgement, and what tells two of them apart (Balinski and Laraki 2007, 2011).

A project's grade is that of the middle voter: half of the voters or more give it at least that. With an even number
of voters it is the lower of the two in the middle. Where two projects have the same grade, one voter with that grade
is taken away from each, and the middle of those who are left is looked at; and so on until they differ. The row of
middle grades that this gives is the project's majority value; comparing two of them from the left is the whole rule.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plugins.api.profile import Profile

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Merit:
    """One project. `value` is its majority value, a byte for each voter: comparing bytes compares projects.

    `better` and `worse` are the voters whose grade is above and below `grade`; `counts` those of each grade.
    """

    grade: int
    better: int
    worse: int
    counts: tuple[int, ...]
    value: bytes


def taken_away(voters: int) -> Integers:
    """Places in the row of grades, the worst first, in the order in which the middle is taken away."""
    lower = (voters - 1) // 2
    # What is left keeps its middle beside the gap: below it with an even number left, above it with an odd one.
    steps = np.arange(voters)
    away = (steps + 1) // 2
    up = steps % 2 == (voters % 2 == 0)
    return np.where(up, lower + away, lower - away)


def merits_of(profile: Profile) -> list[Merit]:
    """The merit of each project, in the order of columns. A voter who gave no grade gave the worst, 0.

    Raises ValueError for a grade above 255, which is none.
    """
    highest = int(profile.scores.max(initial=0))
    if highest > 255:
        raise ValueError("Grades are numbers up to 255.")
    order = taken_away(profile.voters)
    found = []
    for column in range(len(profile.refs)):
        rows, scores = profile.supporters(column)
        counts = np.zeros(highest + 1, dtype=np.int64)
        np.add.at(counts, scores, profile.multiplicity[rows])
        counts[0] += profile.voters - int(counts.sum())
        grades = np.repeat(np.arange(highest + 1, dtype=np.uint8), counts)
        value = grades[order].tobytes()
        grade = value[0] if value else 0
        found.append(
            Merit(
                grade=grade,
                better=int(counts[grade + 1 :].sum()),
                worse=int(counts[:grade].sum()),
                counts=tuple(counts.tolist()),
                value=value,
            )
        )
    return found


def first_difference(one: Merit, other: Merit) -> int | None:
    """How many voters are taken away from each until their middle grades differ; None where they never do."""
    a, b = np.frombuffer(one.value, dtype=np.uint8), np.frombuffer(other.value, dtype=np.uint8)
    apart = np.flatnonzero(a != b)
    return int(apart[0]) if len(apart) else None
