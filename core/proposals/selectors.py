"""Reads of projects."""

from __future__ import annotations

from core.kernel.errors import NotFound
from core.proposals.models import Proposal
from core.rounds.models import Round


def proposals_of(round: Round) -> list[Proposal]:
    """Every project of a round, for officers."""
    return list(Proposal.objects.filter(round=round).order_by("ref"))


def proposals_on_ballot(round: Round) -> list[Proposal]:
    """The projects residents choose between, by reference."""
    return list(Proposal.objects.filter(round=round, state=Proposal.State.ON_BALLOT).order_by("ref"))


def ballot_size(round: Round) -> int:
    """How many projects residents choose between."""
    return Proposal.objects.filter(round=round, state=Proposal.State.ON_BALLOT).count()


def proposal_by_ref(round: Round, ref: str) -> Proposal:
    """One project. Raises NotFound."""
    row = Proposal.objects.filter(round=round, ref=ref).first()
    if row is None:
        raise NotFound("There is no such project.", code="project.not_found")
    return row
