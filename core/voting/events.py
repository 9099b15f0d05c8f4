"""Facts about the vote. None tells of a ballot, a person or a count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.audit.events import Event


@dataclass(frozen=True, slots=True)
class OfferFrozen(Event):
    kind: ClassVar[str] = "offer_frozen"
    round: str
    offer_digest: str
    tie_commitment: str


@dataclass(frozen=True, slots=True)
class BoxSealed(Event):
    kind: ClassVar[str] = "box_sealed"
    round: str
    digests: str
    log_root: str


@dataclass(frozen=True, slots=True)
class OpeningApproved(Event):
    kind: ClassVar[str] = "opening_approved"
    round: str
    approvals: int


@dataclass(frozen=True, slots=True)
class TallyFinished(Event):
    kind: ClassVar[str] = "tally_finished"
    round: str
    state: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class ResultPublished(Event):
    kind: ClassVar[str] = "result_published"
    round: str
    digest: str
