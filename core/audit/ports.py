"""What the record needs from above: somebody who carries messages to workers, and others who put things in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from core.kernel.errors import Unavailable


class Carrier(Protocol):
    """Hands a message to a worker by the fixed name of its task. Raises Unavailable when the broker is away."""

    def hand_over(self, *, task: str, queue: str, tenant: UUID, message: UUID) -> None: ...


class Sequencer(Protocol):
    """Gives committed rows of the current tenant their order, such as ballots; returns how many it did."""

    def sequence(self, *, limit: int) -> int: ...


_carrier: list[Carrier] = []
_sequencers: list[Sequencer] = []


def bind_carrier(carrier: Carrier) -> None:
    _carrier[:] = [carrier]


def carrier() -> Carrier:
    """Raises Unavailable where nobody carries: only the sequencer's process hands out."""
    if not _carrier:
        raise Unavailable("Nobody carries messages in this process.", code="carrier.unbound")
    return _carrier[0]


def bind_sequencers(sequencers: Sequence[Sequencer]) -> None:
    _sequencers[:] = list(sequencers)


def sequencers() -> Sequence[Sequencer]:
    return tuple(_sequencers)
