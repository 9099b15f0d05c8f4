"""What editors' pages ask of the service: what it knows, to stand on a page beside the editors' words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from core.kernel.errors import Unavailable


class Surroundings(Protocol):
    """A template that shows the words of `page`, or does without, and what the service puts around them."""

    template: str

    def facts(self) -> dict[str, Any]: ...


_bound: dict[str, Surroundings] = {}


def bind_surroundings(surroundings: Mapping[str, Surroundings]) -> None:
    """By kind of page: `home`, `national home`, `rounds`. The composition root calls it once."""
    _bound.clear()
    _bound.update(surroundings)


def surroundings_of(kind: str) -> Surroundings:
    """Raises Unavailable where nothing was bound."""
    if kind not in _bound:
        raise Unavailable("Nothing is bound to stand around this page.", code="page.unbound")
    return _bound[kind]
