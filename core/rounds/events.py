"""Facts about rounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.audit.events import Event


@dataclass(frozen=True, slots=True)
class RoundCreated(Event):
    kind: ClassVar[str] = "round_created"
    round: str
    slug: str


@dataclass(frozen=True, slots=True)
class RoundAdvanced(Event):
    """A round moved on. `reason` is a code: what people wrote stands in the transition's own row, in the tenant."""

    kind: ClassVar[str] = "round_advanced"
    round: str
    verb: str
    source: str
    target: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RoundChanged(Event):
    """`fields` names what changed, never how."""

    kind: ClassVar[str] = "round_changed"
    round: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MoneyChanged(Event):
    """`pot_total` in pence, after the change."""

    kind: ClassVar[str] = "round_money_changed"
    round: str
    pot_total: int


@dataclass(frozen=True, slots=True)
class RulesChanged(Event):
    kind: ClassVar[str] = "round_rules_changed"
    round: str
    rules_version: int
