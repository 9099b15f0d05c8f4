"""Which facts plugins are told of, and as what. Only the composition root knows the facts of every module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.audit.models import AuditEvent
from core.proposals.events import ProposalSaved
from core.rounds.events import RoundAdvanced
from core.rounds.lifecycle import State
from core.voting.events import ResultPublished as ResultFact
from plugins.api import ProposalEvent, ResultPublished, RoundEvent, RoundPhaseChanged, SubjectRef
from plugins.host.observing import Builder, Told, observers_tell


def _base(fact: AuditEvent) -> dict[str, Any]:
    return {"id": str(fact.pk), "at": fact.recorded_at, "round": SubjectRef("round", str(fact.body["round"]))}


def _advanced(fact: AuditEvent) -> Told:
    base, source, target = _base(fact), fact.body["source"], fact.body["target"]
    yield "round_phase_changed", RoundPhaseChanged(**base, source=source, target=target)
    if source == State.DESIGN and target != State.CANCELLED:
        yield "round_opened", RoundEvent(**base)
    if fact.body["verb"] == "open_voting":
        yield "voting_opened", RoundEvent(**base)
    if fact.body["verb"] == "close_voting":
        yield "voting_closed", RoundEvent(**base)


def _proposal(fact: AuditEvent) -> Told:
    if fact.body["state"] == "withdrawn":
        proposal = SubjectRef("proposal", str(fact.body["proposal"]))
        yield "proposal_withdrawn", ProposalEvent(**_base(fact), proposal=proposal)


def _published(fact: AuditEvent) -> Told:
    yield "result_published", ResultPublished(**_base(fact), digest=fact.body["digest"])


BUILDERS: Mapping[str, Builder] = {
    RoundAdvanced.kind: _advanced,
    ProposalSaved.kind: _proposal,
    ResultFact.kind: _published,
}
LISTENERS = dict.fromkeys(BUILDERS, (observers_tell,))
