"""The port by which higher modules take part in a transition of a round."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from core.rounds.lifecycle import GuardFailure
from core.rounds.models import Round


class TransitionPart(Protocol):
    """What a higher module asks and does when a round moves. Both run inside the transition's transaction.

    `name` is the module's: some steps may not be taken while no part of that name is bound (`Transition.needs`).
    """

    name: str
    verbs: frozenset[str]

    def guards(self, round: Round) -> Sequence[GuardFailure]:
        """What stands in the way; empty when nothing does."""

    def effect(self, round: Round, actor: Any) -> None:
        """What happens with the move. Raising leaves nothing behind."""


_parts: list[TransitionPart] = []


def bind_parts(parts: Iterable[TransitionPart]) -> None:
    """Set the parts, in the order they run. The composition root calls it once."""
    _parts[:] = list(parts)


def parts_for(verb: str) -> tuple[TransitionPart, ...]:
    return tuple(part for part in _parts if verb in part.verbs)
