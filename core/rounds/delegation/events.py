"""Facts about money that is entrusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.audit.events import Event


@dataclass(frozen=True, slots=True)
class DelegationActed(Event):
    """An officer asked for an act. `amount` in pence."""

    kind: ClassVar[str] = "delegation_acted"
    act: str
    delegation: str
    amount: int


@dataclass(frozen=True, slots=True)
class DelegationAnswered(Event):
    """How the ledger answered: `booked`, or `refused` with its code."""

    kind: ClassVar[str] = "delegation_answered"
    act: str
    delegation: str
    state: str
    code: str = ""
