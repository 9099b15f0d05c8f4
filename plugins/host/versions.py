"""Is this version of the contract inside the range a plugin asks for?"""

from __future__ import annotations

import re
from collections.abc import Callable

CLAUSE = re.compile(r"^(>=|<=|==|!=|>|<)\s*(\d+(?:\.\d+)*)$")
COMPARE: dict[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    ">=": lambda ours, theirs: ours >= theirs,
    "<=": lambda ours, theirs: ours <= theirs,
    "==": lambda ours, theirs: ours == theirs,
    "!=": lambda ours, theirs: ours != theirs,
    ">": lambda ours, theirs: ours > theirs,
    "<": lambda ours, theirs: ours < theirs,
}


def _numbers(version: str) -> tuple[int, ...]:
    """Three numbers, so that 1, 1.0 and 1.0.0 are equal."""
    parts = tuple(int(part) for part in version.split("."))
    return parts + (0,) * (3 - len(parts))


def in_range(version: str, wanted: str) -> bool:
    """True when `version` meets every clause of a range such as `>=1.0,<2`.

    Raises ValueError when the range is empty or cannot be read: a plugin that does not say is not guessed at.
    """
    clauses = [CLAUSE.match(part.strip()) for part in wanted.split(",")]
    if any(clause is None for clause in clauses):
        raise ValueError(f"{wanted!r} is not a range such as '>=1.0,<2'")
    ours = _numbers(version)
    return all(COMPARE[clause[1]](ours, _numbers(clause[2])) for clause in clauses if clause)
