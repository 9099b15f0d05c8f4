"""The order in which a visitor sees projects: by chance, so that none gains by its place, and the same at each look.

The seed of the chance travels in the address (`?order=`) until a ballot is kept.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from typing import Protocol, TypeVar

SEED = re.compile(r"[0-9a-f]{8}")


class HasRef(Protocol):
    @property
    def ref(self) -> str: ...


Item = TypeVar("Item", bound=HasRef)


def seed_new() -> str:
    return secrets.token_hex(4)


def seed_good(text: str) -> str:
    """The seed if it is one of ours, else nothing."""
    return text if SEED.fullmatch(text) else ""


def shuffled(items: Iterable[Item], seed: str) -> list[Item]:
    """The items in the order of this seed, whatever order they come in."""
    return sorted(items, key=lambda item: hashlib.sha256(f"{seed}/{item.ref}".encode()).digest())
