"""Writes of projects."""

from __future__ import annotations

from django.db import transaction

from core.audit.services import event_record
from core.kernel.errors import Invalid, Refused
from core.people.models import Person
from core.proposals.events import ProposalSaved
from core.proposals.models import Proposal
from core.rounds.lifecycle import EDITABLE
from core.rounds.models import Round
from plugins.api.money import Money
from plugins.api.text import LocalisedText
from plugins.api.values import SubjectRef


@transaction.atomic
def proposal_save(
    *,
    round: Round,
    title: LocalisedText,
    cost: Money,
    actor: Person | None,
    proposal: Proposal | None = None,
    ref: str = "",
    benefit: LocalisedText = LocalisedText(""),  # noqa: B008
    description: LocalisedText = LocalisedText(""),  # noqa: B008
    officer_view: LocalisedText = LocalisedText(""),  # noqa: B008
    running_cost: Money | None = None,
    area: str = "",
    category: str = "",
    state: str = Proposal.State.ON_BALLOT,
) -> Proposal:
    """Add or change a project; `withdrawn` is a state. Raises Refused once voting has opened, or Invalid."""
    locked = Round.objects.select_for_update().get(pk=round.pk)
    if locked.state not in EDITABLE:
        raise Refused(
            "Voting has opened, so projects are frozen.",
            code="round.frozen",
            remedy="Publish a notice about the correction instead.",
        )
    if not title.en.strip():
        raise Invalid("Give the project a title.", code="project.title")
    if cost.minor < 0:
        raise Invalid("The cost cannot be less than nothing.", code="project.cost")
    row = proposal or Proposal(round=locked, ref=ref or _next_ref(locked))
    row.title, row.cost, row.benefit, row.description = title, cost, benefit, description
    row.officer_view, row.running_cost, row.area, row.category = officer_view, running_cost, area, category
    row.state = state
    row.save()
    event_record(
        ProposalSaved(round=str(locked.id), proposal=str(row.id), ref=row.ref, state=row.state),
        actor=actor,
        subject=SubjectRef("proposal", str(row.id)),
    )
    return row


def _next_ref(round: Round) -> str:
    taken = set(Proposal.objects.filter(round=round).values_list("ref", flat=True))
    number = len(taken) + 1
    while f"P-{number:02}" in taken:
        number += 1
    return f"P-{number:02}"
