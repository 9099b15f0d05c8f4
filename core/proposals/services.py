"""Writes of projects."""

from __future__ import annotations

from uuid import UUID, uuid4

from django.db import transaction

from core.audit.services import event_record
from core.kernel.errors import Invalid, Refused
from core.people.models import Person
from core.proposals.events import ProposalSaved
from core.proposals.models import Proposal
from core.proposals.pictures import picture_drop, picture_keep
from core.rounds.lifecycle import EDITABLE
from core.rounds.models import Round
from core.rounds.selectors import round_locked
from plugins.api.money import Money
from plugins.api.text import LocalisedText
from plugins.api.values import SubjectRef


def _editable(round: Round) -> Round:
    locked = round_locked(round)
    if locked.state not in EDITABLE:
        raise Refused(
            "Voting has opened, so projects are frozen.",
            code="round.frozen",
            remedy="Publish a notice about the correction instead.",
        )
    return locked


def _saved(row: Proposal, actor: Person | None) -> Proposal:
    row.save()
    event_record(
        ProposalSaved(round=str(row.round_id), proposal=str(row.id), ref=row.ref, state=row.state),
        actor=actor,
        subject=SubjectRef("proposal", str(row.id)),
    )
    return row


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
    minimum: Money | None = None,
    area: str = "",
    category: str = "",
    state: str = Proposal.State.ON_BALLOT,
    picture: bytes | None = None,
    picture_alt: LocalisedText | None = None,
    new_id: UUID | None = None,
) -> Proposal:
    """Add or change a project; `withdrawn` is a state. Raises Refused once voting has opened, or Invalid.

    `picture` None leaves the picture as it is, empty takes it away; with a picture, `picture_alt` says in words what
    it shows. A form names the `new_id` of what it makes: sent twice, it adds one project.
    """
    locked = _editable(round)
    if proposal is None and new_id is not None:
        made = Proposal.objects.filter(round=locked, pk=new_id).first()
        if made is not None:
            return made
    if not title.en.strip():
        raise Invalid("Give the project a title.", code="project.title")
    if cost.minor < 0 or (running_cost is not None and running_cost.minor < 0):
        raise Invalid("The cost cannot be less than nothing.", code="project.cost")
    if minimum is not None and not 0 < minimum.minor <= cost.minor:
        raise Invalid(
            "The least a project could begin with is above nothing and no more than its cost.", code="project.minimum"
        )
    row = proposal or Proposal(id=new_id or uuid4(), round=locked, ref=ref or _next_ref(locked))
    row.title, row.cost, row.benefit, row.description = title, cost, benefit, description
    row.officer_view, row.running_cost, row.area, row.category = officer_view, running_cost, area, category
    row.minimum = minimum
    row.state = state
    if picture is not None or picture_alt is not None:
        _picture_set(row, picture, picture_alt)
    return _saved(row, actor)


@transaction.atomic
def proposal_state_set(*, proposal: Proposal, state: str, actor: Person | None) -> Proposal:
    """Withdraw a project, put it on the ballot, or back among the drafts. Raises Refused once voting has opened."""
    _editable(proposal.round)
    row = Proposal.objects.select_for_update().get(pk=proposal.pk)
    if row.state == state:
        return row
    row.state = state
    return _saved(row, actor)


def _picture_set(row: Proposal, picture: bytes | None, alt: LocalisedText | None) -> None:
    before = row.image.name if row.image else ""
    kept = bool(before) if picture is None else bool(picture)
    if kept and not (alt and alt.en.strip()):
        raise Invalid("Say in words what the picture shows, for people who cannot see it.", code="project.picture_alt")
    if picture is not None:
        row.image = picture_keep(picture) if picture else ""
        if before:
            # The old files go when nothing leads to them any more; a change that fails leaves them.
            transaction.on_commit(lambda: picture_drop(before))
    row.image_alt = alt if kept else None


def _next_ref(round: Round) -> str:
    taken = set(Proposal.objects.filter(round=round).values_list("ref", flat=True))
    number = len(taken) + 1
    while f"P-{number:02}" in taken:
        number += 1
    return f"P-{number:02}"
