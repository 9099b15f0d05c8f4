"""What the record needs from above: who carries messages to workers, who puts other things in order, who takes in
what a tenant has signed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

from core.kernel.errors import Unavailable
from tenants.registry.context import current_tenant

HOUR_SECONDS = 3600.0


class Carrier(Protocol):
    """Hands a message to a worker by the fixed name of its task. Raises Unavailable when the broker is away."""

    def hand_over(self, *, task: str, queue: str, tenant: UUID, message: UUID) -> None: ...


class Sequencer(Protocol):
    """Gives committed rows of the current tenant their order, such as ballots; returns how many it did."""

    def sequence(self, *, limit: int) -> int: ...


class Hourly:
    """A Sequencer for what is not due to the minute, since the question costs each visit a query.

    Each tenant is asked when the process starts, which is also when a plugin may have gone or come back, and then once
    an hour. `work` takes `limit` and returns how many it did.
    """

    def __init__(self, work: Callable[..., int]) -> None:
        self._work = work
        self._next: dict[UUID, float] = {}

    def sequence(self, *, limit: int) -> int:
        tenant, now = current_tenant().uuid, time.monotonic()
        if now < self._next.get(tenant, 0.0):
            return 0
        self._next[tenant] = now + HOUR_SECONDS
        return self._work(limit=limit)


class StatementSink(Protocol):
    """Takes a signed statement to where all of Scotland can read it; the same one again changes nothing.

    Called outside every transaction. Raises Refused for a signature that is not this tenant's.
    """

    def __call__(self, *, tenant: UUID, body: Mapping[str, Any], signature: bytes) -> Any: ...


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


_sinks: dict[str, StatementSink] = {}
OTHERS = ""


def bind_statement_sinks(others: StatementSink, by_kind: Mapping[str, StatementSink] | None = None) -> None:
    """Say who takes in statements of which kind, and who all others."""
    _sinks.clear()
    _sinks.update({**(by_kind or {}), OTHERS: others})


def statement_sink(kind: str) -> StatementSink:
    """Raises Unavailable where nothing was bound."""
    found = _sinks.get(kind) or _sinks.get(OTHERS)
    if found is None:
        raise Unavailable("Nobody takes in what tenants sign.", code="sink.unbound")
    return found
