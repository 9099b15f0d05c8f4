"""Facts about support access."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.audit.events import Event


@dataclass(frozen=True, slots=True)
class SupportGranted(Event):
    kind: ClassVar[str] = "support_granted"
    wish: str
    hours: int


@dataclass(frozen=True, slots=True)
class SupportRefused(Event):
    kind: ClassVar[str] = "support_refused"
    wish: str


@dataclass(frozen=True, slots=True)
class SupportEntered(Event):
    kind: ClassVar[str] = "support_entered"
    wish: str


@dataclass(frozen=True, slots=True)
class SupportViewed(Event):
    """Somebody with support access asked for a page."""

    kind: ClassVar[str] = "support_viewed"
    wish: str
    method: str
    path: str


@dataclass(frozen=True, slots=True)
class SupportEnded(Event):
    kind: ClassVar[str] = "support_ended"
    wish: str
