"""Writes of evaluation: a framework chosen for a round, its sheets opened, answered and closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from pydantic import BaseModel, ValidationError

from core.audit.services import event_record
from core.evaluation.access import RESIDENTS
from core.evaluation.events import FrameworkChosen, SheetMoved
from core.evaluation.models import Response, Sheet
from core.evaluation.questions import HELD, answers_read, counted, form_kept, form_read
from core.kernel.clock import database_now
from core.kernel.errors import Invalid, Refused
from core.people.models import Person
from core.rounds.lifecycle import State
from core.rounds.models import Round
from core.rounds.selectors import round_locked
from plugins.api import Instrument
from plugins.api.values import SubjectRef
from plugins.host.selectors import module, withdrawn
from tenants.registry.context import current_tenant
from tenants.registry.limits import What, take

OVER = frozenset({State.CANCELLED.value})
ASKING = frozenset(
    {one.value for one in (State.VOTING, State.COUNT, State.RATIFICATION, State.DELIVERY, State.EVALUATION)}
)
"""States of a round in which residents may be asked: from the opening of the vote on."""
NOT_OPEN = "This form is not open, so nothing was stored."


def _settings(key: str, values: Mapping[str, Any]) -> BaseModel:
    settings: type[BaseModel] = module("evaluation", key).Settings
    try:
        return settings.model_validate(dict(values))
    except ValidationError as error:
        raise Invalid("These settings do not fit the framework.", code="evaluation.settings") from error


def _asked(key: str, settings: BaseModel) -> Sequence[Instrument]:
    """The instruments of a framework. Raises Invalid where one asks what may not be kept."""
    found: Sequence[Instrument] = module("evaluation", key).instruments(settings)
    for one in found:
        strange = [field.name for field in one.form.fields if field.kind not in HELD]
        if strange:
            raise Invalid(
                f"“{one.title.en}” asks for something that would lead to a person: {', '.join(strange)}.",
                code="evaluation.personal",
                remedy="Tell whoever made this module.",
            )
    return found


@transaction.atomic
def framework_choose(*, round: Round, key: str, settings: Mapping[str, Any], actor: Person | None) -> list[Sheet]:
    """Choose a framework for a round, or choose again with other settings.

    Sheets that have been opened stay as they are; others are replaced. Raises NotFound, Invalid, Refused.
    """
    locked = round_locked(round)
    if locked.state in OVER:
        raise Refused("The round was cancelled, so nothing is looked back on.", code="evaluation.round_over")
    if withdrawn([("evaluation", key)]) and not Sheet.objects.filter(round=locked, module=key).exists():
        raise Refused(
            "This framework was withdrawn for new rounds.",
            code="evaluation.withdrawn",
            remedy="Choose another. Under “Modules” you can read why.",
        )
    chosen = _settings(key, settings)
    asked = _asked(key, chosen)
    Sheet.objects.filter(round=locked, module=key, state=Sheet.State.CHOSEN).delete()
    opened = set(Sheet.objects.filter(round=locked, module=key).values_list("instrument", flat=True))
    made = Sheet.objects.bulk_create(
        Sheet(
            round=locked,
            module=key,
            instrument=one.key,
            audience=one.audience.value,
            moment=one.moment.value,
            keep_days=one.keep_days,
            settings=chosen.model_dump(mode="json"),
            form=form_kept(one.form),
        )
        for one in asked
        if one.key not in opened
    )
    event_record(
        FrameworkChosen(round=str(locked.id), module=key, sheets=len(made)),
        actor=actor,
        subject=SubjectRef("round", str(locked.id)),
    )
    return made


def _locked(sheet: Sheet) -> Sheet:
    return Sheet.objects.select_for_update().select_related(None).get(pk=sheet.pk)


def _moved(sheet: Sheet, actor: Person | None) -> Sheet:
    event_record(
        SheetMoved(round=str(sheet.round_id), sheet=str(sheet.id), instrument=sheet.instrument, state=sheet.state),
        actor=actor,
        subject=SubjectRef("round", str(sheet.round_id)),
    )
    return sheet


@transaction.atomic
def sheet_open(*, sheet: Sheet, actor: Person | None) -> Sheet:
    """Let a sheet be answered. Raises Refused where it was closed, or for residents before people vote."""
    row = _locked(sheet)
    if row.state == Sheet.State.OPEN:
        return row
    if row.state == Sheet.State.CLOSED:
        raise Refused(
            "This sheet is closed and its figures may have been read, so it is not opened again.",
            code="evaluation.closed",
        )
    round = Round.objects.get(pk=row.round_id)
    if row.audience in RESIDENTS and round.state not in ASKING:
        raise Refused(
            "Residents can be asked once voting has opened, and until the round is closed.",
            code="evaluation.too_early",
            remedy="Come back then.",
        )
    row.state = Sheet.State.OPEN
    row.save(update_fields=["state"])
    return _moved(row, actor)


@transaction.atomic
def sheet_close(*, sheet: Sheet, actor: Person | None) -> Sheet:
    """Close a sheet for good and count it. What residents sent is then kept as counts and free words only.

    Of a sheet of the team the agreed answers count, or all where nothing was agreed. Raises Refused where it is not
    open.
    """
    row = _locked(sheet)
    if row.state != Sheet.State.OPEN:
        raise Refused("This sheet is not open.", code="evaluation.not_open")
    responses = Response.objects.filter(sheet=row)
    agreed = responses.filter(agreed=True)
    row.agreed = agreed.exists()
    given = agreed if row.agreed else responses
    row.counts, row.said = counted(form_read(row.form), given.values_list("answers", flat=True).iterator())
    row.state, row.closed_at = Sheet.State.CLOSED, database_now()
    row.save(update_fields=["state", "closed_at", "counts", "agreed", "said"])
    if row.audience in RESIDENTS:
        responses.delete()
    return _moved(row, actor)


def _checked(sheet: Sheet, raw: Mapping[str, str]) -> dict[str, str]:
    answers, problems = answers_read(form_read(sheet.form), raw)
    if problems:
        raise Invalid("Some answers cannot be taken as they are.", code="evaluation.answers", problems=problems)
    return answers


def feedback_give(*, sheet: Sheet, answers: Mapping[str, str], key: UUID) -> None:
    """Take a resident's answers. `key` comes with the form: sent twice, it counts once. Who they are is not known.

    Raises Invalid, Refused where the form is not open, and Limited where too many were sent in this hour.
    """
    if sheet.audience not in RESIDENTS:
        raise Refused(NOT_OPEN, code="evaluation.not_open")
    kept = _checked(sheet, answers)
    take(current_tenant(), What.FEEDBACK)
    row = Response(id=key, sheet_id=sheet.pk, answers=kept)
    try:
        with transaction.atomic():
            Response.objects.bulk_create([row], ignore_conflicts=True)
    except IntegrityError as error:
        raise Refused(NOT_OPEN, code="evaluation.not_open") from error


@transaction.atomic
def sheet_answer(*, sheet: Sheet, answers: Mapping[str, str], actor: Person, agreed: bool = False) -> Response:
    """Keep what one of the team answers, or with `agreed` what they have agreed on; both are kept (R-124).

    Raises Invalid, and Refused where the sheet is closed or meant for residents.
    """
    row = _locked(sheet)
    if row.state != Sheet.State.OPEN or row.audience in RESIDENTS:
        raise Refused(NOT_OPEN, code="evaluation.not_open", remedy="Open it first.")
    kept = _checked(row, answers)
    found = Response.objects.filter(sheet=row, agreed=agreed)
    mine = (found if agreed else found.filter(author=actor.public_id)).first()
    mine = mine or Response(sheet=row, agreed=agreed)
    mine.answers, mine.author = kept, actor.public_id
    mine.save()
    return mine


def answers_expire() -> int:
    """Drop answers and words of sheets that were closed longer ago than their framework keeps them; how many sheets."""
    now, done = database_now(), 0
    held = ~Q(said=[]) | Exists(Response.objects.filter(sheet=OuterRef("pk")))
    for row in Sheet.objects.filter(held, state=Sheet.State.CLOSED):
        if row.closed_at is not None and row.closed_at + timedelta(days=row.keep_days) < now:
            with transaction.atomic():
                Response.objects.filter(sheet=row).delete()
                Sheet.objects.filter(pk=row.pk).update(said=[])
            done += 1
    return done


__all__ = [
    "answers_expire",
    "feedback_give",
    "framework_choose",
    "sheet_answer",
    "sheet_close",
    "sheet_open",
]
