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
    kind: ClassVar[str] = "round_advanced"
    round: str
    verb: str
    source: str
    target: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RulesChanged(Event):
    kind: ClassVar[str] = "round_rules_changed"
    round: str
    rules_version: int
