"""Facts about settling in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.audit.events import Event


@dataclass(frozen=True, slots=True)
class ItemSettled(Event):
    kind: ClassVar[str] = "setup_item_settled"
    key: str


@dataclass(frozen=True, slots=True)
class DocumentAccepted(Event):
    """`document` is kind/key; `varied` says whether the tenant differs, never how."""

    kind: ClassVar[str] = "document_accepted"
    document: str
    number: int
    varied: bool


@dataclass(frozen=True, slots=True)
class InvitationMade(Event):
    kind: ClassVar[str] = "invitation_made"
    invitation: str
    role: str


@dataclass(frozen=True, slots=True)
class InvitationTaken(Event):
    kind: ClassVar[str] = "invitation_taken"
    invitation: str
    role: str
