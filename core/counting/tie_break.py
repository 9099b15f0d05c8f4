"""The order that decides ties: from a secret seed whose digest is published before voting opens.

Anyone can redo it once the seed is shown: SHA-256 over a label, the seed and the project's reference; lowest first.
The order of the list of projects, their names, costs and votes have no part in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from plugins.api.values import ProjectRef, TieBreak

COMMITMENT = b"commonty tie-break commitment 1\0"
ORDER = b"commonty tie-break order 1\0"


def commitment_of(seed: bytes) -> str:
    """What is published before voting opens; it shows nothing of the seed."""
    return hashlib.sha256(COMMITMENT + seed).hexdigest()


def tie_break_from(seed: bytes, refs: Iterable[ProjectRef]) -> TieBreak:
    """The order of these projects. Raises ValueError when a reference stands twice."""
    listed = list(refs)
    if len(set(listed)) < len(listed):
        raise ValueError("A project stands twice in the offer.")

    def place(ref: ProjectRef) -> tuple[bytes, str]:
        return hashlib.sha256(ORDER + len(seed).to_bytes(4, "big") + seed + ref.encode()).digest(), ref

    return TieBreak(tuple(sorted(listed, key=place)), commitment_of(seed))
