"""How a contract test speaks: what the author of a plugin did, what is promised instead, and where to read it."""

from __future__ import annotations

from typing import NoReturn

GUIDE = "plugins/README.md"


class ContractBroken(AssertionError):
    """A plugin does not keep the contract. Says what it did and which section of the guide to read."""


def broken(what: str, section: str) -> NoReturn:
    raise ContractBroken(f"{what}\n    Read {GUIDE}#{section}")


def need(held: object, what: str, section: str) -> None:
    """Raises ContractBroken unless it held."""
    if not held:
        broken(what, section)


def named(error: BaseException) -> str:
    """An error as an author reads it."""
    return f"{type(error).__name__}: {error}"[:500]
