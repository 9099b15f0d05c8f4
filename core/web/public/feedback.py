"""What residents think of a round: a short form that nobody has to sign in for and that leads to nobody."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from core.evaluation.models import Sheet
from core.evaluation.questions import MOST_WORDS, form_read
from core.evaluation.selectors import feedback_open, feedback_sheet
from core.evaluation.services import ASKING, feedback_give
from core.kernel.errors import Invalid, Limited, NotFound, Refused
from core.people.access import ANYONE, access
from core.rounds.models import Round
from core.rounds.selectors import round_by_slug
from core.web.public.rounds import frame
from core.web.public.vote import PROBLEM
from core.web.spec_form import SpecForm

SHUT, LATER = 409, 429


class FeedbackForm(SpecForm):
    """The questions, and a number made with the form by which it counts once however often it is sent."""

    sent = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def refuse(self, error: Invalid) -> None:
        language = get_language() or "en"
        for problem in error.problems:
            self.add_error(problem.path if problem.path in self.fields else None, problem.message.get(language))


def feedback_context(row: Round, sheet: Sheet, form: FeedbackForm) -> dict[str, Any]:
    spec = form.spec
    words = any(one.kind == "text" for one in spec.fields)
    return {**frame(row, "feedback"), "sheet": sheet, "spec": spec, "form": form, "words": words}


def form_of(sheet: Sheet, data: Any = None) -> FeedbackForm:
    # The order of the fields is the framework's; the hidden number comes first and shows nowhere.
    return FeedbackForm(form_read(sheet.form), data, most=MOST_WORDS, initial={"sent": uuid4()})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@access(ANYONE)
def feedback(request: HttpRequest, slug: str, sheet: UUID) -> HttpResponseBase:
    """The form. What was typed stays on the page whatever is wrong with it."""
    row = round_by_slug(slug, visible_only=True)
    found = feedback_sheet(row, sheet)
    if found.state != Sheet.State.OPEN or row.state not in ASKING:
        return render(request, "public/feedback_shut.html", frame(row, "feedback"), status=SHUT)
    form = form_of(found, request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = PROBLEM
        if form.is_valid():
            key = form.cleaned_data["sent"] or uuid4()
            answers = {one.name: str(form.cleaned_data.get(one.name) or "") for one in form.spec.fields}
            try:
                feedback_give(sheet=found, answers=answers, key=key)
            except Invalid as error:
                form.refuse(error)
            except Refused:
                return render(request, "public/feedback_shut.html", frame(row, "feedback"), status=SHUT)
            except Limited as error:
                form.add_error(None, _("Too many forms were sent in this hour. Nothing is lost: send it again later."))
                answer = render(request, "public/feedback.html", feedback_context(row, found, form), status=LATER)
                answer["Retry-After"] = str(error.retry_after)
                return answer
            else:
                return redirect("public:feedback-done", slug=slug)
    return render(request, "public/feedback.html", feedback_context(row, found, form), status=status)


@require_safe
@access(ANYONE)
def feedback_done(request: HttpRequest, slug: str) -> HttpResponse:
    row = round_by_slug(slug, visible_only=True)
    if not feedback_open(row):
        raise NotFound(_("There is no form to fill in."), code="evaluation.no_form")
    return render(request, "public/feedback_done.html", frame(row, "feedback"))
