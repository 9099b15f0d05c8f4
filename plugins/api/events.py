"""What observers are told, after it has been committed. There is no event for a ballot that was cast: it would tell
who voted when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from plugins.api.values import Person, SubjectRef


@dataclass(frozen=True, slots=True)
class Observed:
    """What every event says: which one it is (the same when it is told again), and when it happened (UTC)."""

    id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RoundEvent(Observed):
    """Something happened to a round."""

    round: SubjectRef


@dataclass(frozen=True, slots=True)
class RoundPhaseChanged(RoundEvent):
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class ProposalEvent(RoundEvent):
    """Something happened to a proposal."""

    proposal: SubjectRef


@dataclass(frozen=True, slots=True)
class ReviewDecided(ProposalEvent):
    outcome: str


@dataclass(frozen=True, slots=True)
class ResultPublished(RoundEvent):
    digest: str


@dataclass(frozen=True, slots=True)
class ParticipantErased(Observed):
    person: Person


@dataclass(frozen=True, slots=True)
class TenantEvent(Observed):
    """Something happened to the tenant itself."""
