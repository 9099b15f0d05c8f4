"""Made-up ballots that keep the rules of a format: to show what rules do, never to say what people will.

They are always the same for the same format, settings and projects, so that two officers see one picture.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter

from plugins.api.profile import Profile
from plugins.api.values import BallotFamily, Constraints, Mark, ProjectRef

VOTERS = 200
TRIES = 50


def sample_profile(family: BallotFamily, limits: Constraints) -> Profile:
    """A counted profile of made-up ballots that `limits` admits. Raises ValueError where no such ballot is found.

    Some projects are liked more than others, by a draw that knows nothing of them but their place on the ballot.
    """
    if limits.sections:
        raise ValueError("a ballot in parts")
    seed = hashlib.sha256(f"{family.value} {limits!r}".encode()).digest()
    draw = random.Random(seed)  # noqa: S311  # a picture, not a secret
    liking = {ref: draw.uniform(0.5, 3.0) for ref in limits.refs}
    column = {ref: number for number, ref in enumerate(limits.refs)}
    rows: Counter[tuple[tuple[int, int], ...]] = Counter()
    for _ in range(VOTERS):
        marks = _ballot(draw, liking, limits)
        rows[tuple(sorted((column[ref], points) for ref, points in _points(marks, limits).items()))] += 1
    return Profile.build(family, limits.refs, rows)


def _ballot(draw: random.Random, liking: dict[ProjectRef, float], limits: Constraints) -> dict[ProjectRef, int]:
    """The marks of one voter: their favourites first, as many as the ballot lets them."""
    most = limits.maximum or len(limits.refs)
    for _ in range(TRIES):
        order = sorted(limits.refs, key=lambda ref: -liking[ref] * draw.random())
        for count in range(draw.randint(limits.minimum, most), limits.minimum - 1, -1):
            marks = _marks(draw, order[:count], limits)
            if limits.admits(marks):
                return marks
    raise ValueError("no ballot keeps these limits")


def _marks(draw: random.Random, chosen: list[ProjectRef], limits: Constraints) -> dict[ProjectRef, int]:
    if limits.mark is Mark.PLACE:
        return {ref: place for place, ref in enumerate(chosen, start=1)}
    if limits.mark is not Mark.POINTS:
        low, high = limits.lowest, limits.highest
        # The better liked the project, the higher the mark, with some luck in it.
        step = max(len(chosen), 1)
        return {
            ref: max(low, min(high, high - (high - low) * place // step - draw.randint(0, 1)))
            for place, ref in enumerate(chosen)
        }
    marks = dict.fromkeys(chosen, max(limits.lowest, 1))
    left = (limits.total if limits.total is not None else limits.highest * len(chosen)) - sum(marks.values())
    while left > 0 and (open_ones := [ref for ref in chosen if marks[ref] < limits.highest]):
        marks[draw.choice(open_ones)] += 1
        left -= 1
    return marks


def _points(marks: dict[ProjectRef, int], limits: Constraints) -> dict[ProjectRef, int]:
    """What the marks give each project: a place gives the more points the nearer it is to the first."""
    if limits.mark is Mark.PLACE:
        return {ref: limits.highest + 1 - place for ref, place in marks.items()}
    return {ref: value for ref, value in marks.items() if value}
