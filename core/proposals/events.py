"""Facts about projects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.audit.events import Event


@dataclass(frozen=True, slots=True)
class ProposalSaved(Event):
    kind: ClassVar[str] = "proposal_saved"
    round: str
    proposal: str
    ref: str
    state: str
