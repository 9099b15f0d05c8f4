"""Reports of a round as they may be seen: measured by each active module over the same facts, then suppressed; and the
sheets that are asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from pydantic import BaseModel, ValidationError

from core.evaluation.access import RESIDENTS
from core.evaluation.facts import facts_of
from core.evaluation.models import Response, Sheet
from core.evaluation.suppression import suppressed
from core.kernel.errors import NotFound
from core.people.models import Person
from core.rounds.models import Round
from plugins.api import Answer, Audience, Moment, ReportSpec
from plugins.host.context import plugin_context
from plugins.host.failures import PluginFailure
from plugins.host.selectors import active_modules, module_settings

ALWAYS = "national-core"
# What the public site may read of a sheet.
PUBLIC = (
    "id",
    "round_id",
    "module",
    "instrument",
    "audience",
    "moment",
    "settings",
    "form",
    "state",
    "counts",
    "agreed",
)


def sheets_of(round: Round) -> list[Sheet]:
    """Every sheet chosen for a round, in order of framework and of the moment it is asked. Without the free words."""
    found = Sheet.objects.filter(round=round).only(*PUBLIC).order_by("module", "instrument")
    return sorted(found, key=lambda one: (one.module, list(Moment).index(Moment(one.moment))))


def sheet_of(round: Round, sheet_id: UUID) -> Sheet:
    """One sheet of this round. Raises NotFound."""
    row = Sheet.objects.filter(round=round, id=sheet_id).first()
    if row is None:
        raise NotFound("There is no such sheet.", code="evaluation.sheet_not_found")
    return row


def feedback_open(round: Round) -> list[Sheet]:
    """The forms residents may fill in now."""
    found = Sheet.objects.filter(round=round, state=Sheet.State.OPEN, audience__in=RESIDENTS)
    return list(found.only(*PUBLIC).order_by("instrument"))


def feedback_sheet(round: Round, sheet_id: UUID) -> Sheet:
    """A form of residents, open or closed. Raises NotFound for any other."""
    row = Sheet.objects.filter(round=round, id=sheet_id, audience__in=RESIDENTS).only(*PUBLIC).first()
    if row is None or row.state == Sheet.State.CHOSEN:
        raise NotFound("There is no such form.", code="evaluation.sheet_not_found")
    return row


def progress_of(sheets: Sequence[Sheet]) -> dict[UUID, tuple[int, bool]]:
    """For each sheet how many have answered, and whether an agreed answer stands; in one query."""
    found: dict[UUID, tuple[int, bool]] = defaultdict(lambda: (0, False))
    for sheet, agreed in Response.objects.filter(sheet__in=sheets).values_list("sheet_id", "agreed"):
        number, stands = found[sheet]
        found[sheet] = (number + (not agreed), stands or agreed)
    return found


def response_of(sheet: Sheet, person: Person, *, agreed: bool) -> Response | None:
    """What this person, or the team together, has answered so far."""
    found = Response.objects.filter(sheet=sheet, agreed=agreed)
    return (found if agreed else found.filter(author=person.public_id)).first()


def answers_of(sheets: Sequence[Sheet]) -> list[Answer]:
    """Every answer that was counted, one by one and without who gave it: of closed sheets only."""
    return [
        answer
        for sheet in sheets
        for question, by_value in sheet.counts.items()
        for value, number in by_value.items()
        for answer in [Answer(sheet.instrument, question, value, Audience(sheet.audience), sheet.agreed)] * int(number)
    ]


def _settings(key: str, sheets: Sequence[Sheet]) -> BaseModel:
    """The settings a framework was chosen with; the tenant's where it was not, or where they no longer fit."""
    usual = module_settings("evaluation", key)
    try:
        return type(usual).model_validate(sheets[0].settings) if sheets else usual
    except ValidationError:
        return usual


def reports_of(round: Round) -> tuple[list[ReportSpec], list[str]]:
    """The national figures first, then the others; and the keys of modules that could not answer."""
    facts = facts_of(round)
    by_module: dict[str, list[Sheet]] = defaultdict(list)
    for sheet in sheets_of(round):
        by_module[sheet.module].append(sheet)
    found: list[ReportSpec] = []
    silent: list[str] = []
    for module in sorted(active_modules("evaluation"), key=lambda one: (one.key != ALWAYS, one.key)):
        sheets = by_module[module.key]
        # The national figures are about everything that was asked, so also about what others of these asked.
        answers = answers_of([one for some in by_module.values() for one in some] if module.key == ALWAYS else sheets)
        try:
            context = plugin_context(_settings(module.key, sheets))
            values = module.measure(context, facts, answers)
            if all(value.missing.en for value in values):
                # Nothing was asked and nothing follows from facts: an empty form tells residents nothing.
                continue
            found.append(suppressed(module.report(context, values, answers)))
        except PluginFailure:
            silent.append(module.key)
    return found, silent
