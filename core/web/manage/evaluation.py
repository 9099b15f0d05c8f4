"""How a round is judged: the frameworks that are chosen, their sheets, who has answered, and what the team answers.

Nobody, officers included, sees what residents answered before a form is closed, and then only as a report with small
numbers hidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from core.evaluation.access import EDITORS, READERS, RESIDENTS, may_answer, may_choose
from core.evaluation.models import Sheet
from core.evaluation.questions import MOST_WORDS, form_read
from core.evaluation.selectors import ALWAYS, progress_of, response_of, sheet_of, sheets_of
from core.evaluation.services import ASKING, framework_choose, sheet_answer, sheet_close, sheet_open
from core.kernel.errors import Invalid, NotFound, Refused
from core.people.access import access
from core.rounds.models import Round
from core.rounds.selectors import round_by_slug, round_id_of
from core.web.manage.page import CONFLICT, PROBLEM, actor_of, page, public_address, sent
from core.web.manage.settings_form import PREFIX, SettingsForm, initial_of, values_of
from core.web.public.phases import DECIDED
from core.web.spec_form import SpecForm
from plugins.host.failures import PluginFailure
from plugins.host.selectors import active_modules, module_settings

WHO: dict[str, Any] = {
    "participant": _("Residents who took part"),
    "non_participant": _("Residents who did not take part"),
    "organiser": _("The team that runs the round"),
    "steering_member": _("The steering group"),
    "proposer": _("People who put projects forward"),
    "funder": _("Whoever gives the money"),
}
WHEN: dict[str, Any] = {
    "before": _("before the round"),
    "after_voting": _("once people have voted"),
    "at_close": _("at the end of the round"),
    "at_12_months": _("a year later"),
}
STATES: dict[str, tuple[Any, str]] = {
    Sheet.State.CHOSEN: (_("Not open yet"), "grey"),
    Sheet.State.OPEN: (_("Open"), "green"),
    Sheet.State.CLOSED: (_("Closed and counted"), "blue"),
}


class FrameworkForm(SettingsForm):
    """The settings a framework is chosen with for this round."""

    save_label = _("Choose it for this round")


class SheetForm(SpecForm):
    """The questions of a sheet of the team."""

    save_label = _("Save")
    agreed = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def drawn(self) -> list[Any]:
        return [{"group": None, "fields": [bound]} for bound in self.visible_fields()]


@dataclass(frozen=True, slots=True)
class Line:
    """A sheet as the page tells it."""

    sheet: Sheet
    who: str
    state: Any
    colour: str
    questions: int
    answered: int
    agreed: bool
    residents: bool
    may_answer: bool
    may_open: bool


def _lines(request: HttpRequest, row: Round, sheets: Sequence[Sheet]) -> dict[str, list[Line]]:
    actor, progress = actor_of(request), progress_of(sheets)
    found: dict[str, list[Line]] = {}
    for sheet in sheets:
        state, colour = STATES[Sheet.State(sheet.state)]
        answered, agreed = progress[sheet.id]
        residents = sheet.audience in RESIDENTS
        found.setdefault(sheet.module, []).append(
            Line(
                sheet=sheet,
                who=f"{WHO.get(sheet.audience, sheet.audience)}, {WHEN.get(sheet.moment, sheet.moment)}",
                state=state,
                colour=colour,
                questions=len(sheet.form["fields"]),
                answered=answered,
                agreed=agreed,
                residents=residents,
                may_answer=sheet.state == Sheet.State.OPEN and may_answer(actor, sheet),
                may_open=not residents or row.state in ASKING,
            )
        )
    return found


@access(READERS, round_of=round_id_of)
def evaluation(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Every framework that is switched on, whether the round has chosen it, and how far its sheets are."""
    row = round_by_slug(slug)
    sheets = sheets_of(row)
    lines = _lines(request, row, sheets)
    frameworks = [
        {"module": one, "lines": lines.get(one.key, []), "always": one.key == ALWAYS}
        for one in sorted(active_modules("evaluation"), key=lambda one: (one.key != ALWAYS, one.key))
    ]
    return page(
        request,
        "manage/evaluation.html",
        heading=say("Looking back"),
        row=row,
        frameworks=frameworks,
        may_choose=may_choose(actor_of(request), row),
        decided=row.state in DECIDED,
        public_root=public_address(f"/rounds/{row.slug}/feedback/"),
        public_report=public_address(f"/rounds/{row.slug}/evaluation/"),
    )


@access(EDITORS, round_of=round_id_of)
def framework(request: HttpRequest, slug: str, key: str) -> HttpResponseBase:
    """Choose a framework: its settings decide what is asked. Again, to replace sheets nobody has opened."""
    row = round_by_slug(slug)
    found = next((one for one in active_modules("evaluation") if one.key == key), None)
    if found is None:
        raise NotFound("There is no such module.", code="plugin.unknown")
    chosen = [one for one in sheets_of(row) if one.module == key]
    kept = chosen[0].settings if chosen else module_settings("evaluation", key).model_dump(mode="json")
    form = FrameworkForm(sent(request), module=found, initial=initial_of(found, PREFIX, kept))
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            framework_choose(round=row, key=key, settings=values_of(PREFIX, form.cleaned_data), actor=actor_of(request))
        except (Invalid, Refused, PluginFailure) as error:
            form.refuse(error)
            status = CONFLICT if isinstance(error, Refused) else PROBLEM
        else:
            messages.success(request, say("It is chosen. Open its sheets when they are to be answered."))
            return redirect("staff:evaluation", slug=slug)
    return page(
        request,
        "manage/form.html",
        heading=found.label.en,
        row=row,
        form=form,
        intro=found.description.en,
        back=reverse("staff:evaluation", kwargs={"slug": slug}),
        trail=[(reverse("staff:evaluation", kwargs={"slug": slug}), say("Looking back"))],
        status=status if status != 200 or not form.errors else PROBLEM,
    )


@access(READERS, round_of=round_id_of)
def sheet(request: HttpRequest, slug: str, sheet: UUID) -> HttpResponseBase:
    """Answer a sheet of the team: alone, or with `?agreed` what was agreed on together."""
    row = round_by_slug(slug)
    found, actor = sheet_of(row, sheet), actor_of(request)
    if not may_answer(actor, found):
        raise Refused("This sheet is not for your role to answer.", code="evaluation.not_yours")
    agreed = "agreed" in request.GET
    mine = response_of(found, actor, agreed=agreed)
    form = SheetForm(form_read(found.form), sent(request), most=MOST_WORDS, initial=mine.answers if mine else {})
    status = 200
    if request.method == "POST" and form.is_valid():
        answers = {one.name: str(form.cleaned_data.get(one.name) or "") for one in form.spec.fields}
        try:
            sheet_answer(sheet=found, answers=answers, actor=actor, agreed=agreed)
        except Invalid as error:
            for problem in error.problems:
                path = problem.path if problem.path in form.fields else None
                form.add_error(path, problem.message.get(get_language() or "en"))
        except Refused as error:
            form.add_error(None, f"{error} {error.remedy or ''}".strip())
            status = CONFLICT
        else:
            messages.success(request, say("Your answers are saved. You can change them until the sheet is closed."))
            return redirect("staff:evaluation", slug=slug)
    return page(
        request,
        "manage/form.html",
        heading=say("What you have agreed on") if agreed else say("What you say yourself"),
        row=row,
        form=form,
        intro=form.spec.title.en,
        back=reverse("staff:evaluation", kwargs={"slug": slug}),
        trail=[(reverse("staff:evaluation", kwargs={"slug": slug}), say("Looking back"))],
        status=status if status != 200 or not form.errors else PROBLEM,
    )


@access(EDITORS, round_of=round_id_of)
def sheet_words(request: HttpRequest, slug: str, sheet: UUID) -> HttpResponseBase:
    """What was written in people's own words on a closed sheet, for those who run the round."""
    row = round_by_slug(slug)
    found = sheet_of(row, sheet)
    if found.state != Sheet.State.CLOSED:
        raise Refused("What was written can be read once the sheet is closed.", code="evaluation.not_closed")
    labels = {one.name: f"{one.label.en} {one.hint.en}".strip() for one in form_read(found.form).fields}
    said: dict[str, list[str]] = {}
    for question, words in found.said:
        said.setdefault(labels.get(question, question), []).append(words)
    return page(
        request,
        "manage/evaluation_words.html",
        heading=say("In people’s own words"),
        row=row,
        said=said,
        keep_days=found.keep_days,
        trail=[(reverse("staff:evaluation", kwargs={"slug": slug}), say("Looking back"))],
    )


@require_POST
@access(EDITORS, round_of=round_id_of)
def sheet_state(request: HttpRequest, slug: str, sheet: UUID) -> HttpResponseBase:
    """Open a sheet, or close it for good."""
    found = sheet_of(round_by_slug(slug), sheet)
    try:
        if request.POST.get("to") == "open":
            sheet_open(sheet=found, actor=actor_of(request))
            messages.success(request, say("It is open."))
        else:
            sheet_close(sheet=found, actor=actor_of(request))
            messages.success(request, say("It is closed and counted."))
    except Refused as error:
        messages.warning(request, f"{error} {error.remedy or ''}".strip())
    return redirect("staff:evaluation", slug=slug)
