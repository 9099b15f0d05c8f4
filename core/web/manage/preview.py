"""A round as residents will see it, before they can: the public pages' own templates and content, on the staff host.

The addresses here carry the names of the public ones (`public:round` and so on), so that every link of a public page
leads to the preview of the next. Nothing is kept and nothing is sent: the ballot can be tried and is forgotten.
"""

from __future__ import annotations

from inspect import unwrap
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import path
from django.utils import translation
from django.utils.translation import gettext as say
from django.views.decorators.http import require_http_methods, require_safe

from core.evaluation.selectors import sheet_of
from core.kernel.errors import NotFound, Refused
from core.people.access import access
from core.rounds.access import LISTERS, READERS
from core.rounds.models import Round
from core.rounds.selectors import round_by_slug, round_id_of, rules_of
from core.voting.access import may_open
from core.voting.selectors import ResultView, result_counted
from core.web.manage.page import PROBLEM, actor_of, public_address
from core.web.manage.rounds import round_list
from core.web.public.account import account_urls
from core.web.public.booth import booth_for
from core.web.public.discuss import act, discussion, panels_of
from core.web.public.draft import posted
from core.web.public.evaluation import evaluation_context, pdf_answer
from core.web.public.feedback import feedback_context, form_of
from core.web.public.order import seed_good, seed_new
from core.web.public.results import explain_context, result_context
from core.web.public.rounds import project_context, projects_context, round_context, rules_context
from plugins.api.errors import BallotInvalid

GAELIC = "gd"


def _shown(
    request: HttpRequest, template: str, context: dict[str, Any], *, counted: bool = False, status: int = 200
) -> HttpResponse:
    """A public page under a banner that says what it is; in Gaelic where the address asks for it."""
    language = GAELIC if GAELIC in request.GET else "en"
    given = {
        **context,
        "banner": "manage/parts/preview_result.html" if counted else "manage/parts/preview.html",
        "readable": not counted or context.get("readable", False),
        "has_ballot": rules_of(context["round"]) is not None,
        "gaelic": language == GAELIC,
    }
    with translation.override(language):
        answer = render(request, template, {**given, "language": language}, status=status)
    answer["Cache-Control"] = "no-store"
    answer["X-Robots-Tag"] = "noindex"
    return answer


@require_safe
@access(READERS, round_of=round_id_of)
def round_preview(request: HttpRequest, slug: str) -> HttpResponse:
    return _shown(request, "public/round.html", round_context(round_by_slug(slug)))


@require_safe
@access(READERS, round_of=round_id_of)
def projects_preview(request: HttpRequest, slug: str) -> HttpResponse:
    seed = seed_good(request.GET.get("order", "")) or seed_new()
    return _shown(request, "public/projects.html", projects_context(request, round_by_slug(slug), seed))


@require_safe
@access(READERS, round_of=round_id_of)
def project_preview(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    row = round_by_slug(slug)
    context = project_context(request, row, ref)
    return _shown(request, "public/project.html", {**context, "panels": panels_of(request, row, context["project"])})


discussion_preview = access(READERS, round_of=round_id_of)(unwrap(discussion))
act_preview = access(READERS, round_of=round_id_of)(unwrap(act))


@require_safe
@access(READERS, round_of=round_id_of)
def evaluation_preview(request: HttpRequest, slug: str) -> HttpResponse:
    """The figures as residents see them, small numbers hidden for officers too."""
    return _shown(request, "public/evaluation.html", evaluation_context(round_by_slug(slug)))


@require_safe
@access(READERS, round_of=round_id_of)
def evaluation_pdf_preview(request: HttpRequest, slug: str) -> HttpResponse:
    with translation.override(GAELIC if GAELIC in request.GET else "en"):
        answer = pdf_answer(round_by_slug(slug))
    answer["Cache-Control"] = "no-store"
    return answer


@require_safe
@access(READERS, round_of=round_id_of)
def feedback_preview(request: HttpRequest, slug: str, sheet: UUID) -> HttpResponse:
    """A form as residents see it; what is filled in goes nowhere."""
    row = round_by_slug(slug)
    found = sheet_of(row, sheet)
    with translation.override(GAELIC if GAELIC in request.GET else "en"):
        form = form_of(found)
    return _shown(request, "public/feedback.html", feedback_context(row, found, form))


@require_safe
@access(READERS, round_of=round_id_of)
def rules_preview(request: HttpRequest, slug: str) -> HttpResponse:
    return _shown(request, "public/rules.html", rules_context(round_by_slug(slug)))


@require_http_methods(["GET", "HEAD", "POST"])
@access(READERS, round_of=round_id_of)
def ballot_preview(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The ballot to try: what is ticked is checked as it would be, and goes nowhere."""
    row = round_by_slug(slug)
    if rules_of(row) is None:
        raise Refused(
            say("There is no ballot to show yet."),
            code="preview.no_rules",
            remedy=say("Choose the kind of ballot and the rule first."),
        )
    booth = booth_for(request, row)
    problems: Any = ()
    if request.method == "POST":
        booth = booth.with_draft(posted(dict(request.POST.lists())))
        try:
            booth.ballot()
        except BallotInvalid as error:
            problems = error.problems
    counting = request.method == "POST" and (not problems or request.POST.get("do") == "total")
    context = {
        **round_context(row),
        "ballot": booth.form(),
        "problems": problems,
        "counting": counting,
        "order": booth.draft.seed,
        "here": "vote",
    }
    return _shown(request, "public/vote.html", context, status=PROBLEM if problems and not counting else 200)


def _counted(request: HttpRequest, slug: str) -> tuple[Round, ResultView]:
    """The round and the result that would be published. Raises Refused for people who may not open the box."""
    row = round_by_slug(slug)
    if not may_open(actor_of(request), row):
        raise Refused(
            say("The result is shown to those who may open the box until it is published."), code="result.not_published"
        )
    view = result_counted(row)
    if view is None:
        raise NotFound(say("There is no count to look at yet."), code="voting.not_counted")
    return row, view


@require_safe
@access(READERS, round_of=round_id_of)
def result_preview(request: HttpRequest, slug: str) -> HttpResponse:
    """The result as it would be published."""
    row, view = _counted(request, slug)
    return _shown(request, "public/result.html", result_context(row, view), counted=True)


@require_safe
@access(READERS, round_of=round_id_of)
def explain_preview(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    row, view = _counted(request, slug)
    return _shown(request, "public/explain.html", explain_context(row, view, ref), counted=True)


@require_safe
@access(READERS, round_of=round_id_of)
def result_json_preview(request: HttpRequest, slug: str) -> JsonResponse:
    row, view = _counted(request, slug)
    answer = JsonResponse({"slug": row.slug, **view.document}, json_dumps_params={"ensure_ascii": False, "indent": 1})
    answer["Cache-Control"] = "no-store"
    return answer


@require_safe
@access(READERS, round_of=round_id_of)
def receipts_preview(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Receipts are checked on the public website only."""
    return HttpResponseRedirect(public_address(f"/rounds/{round_by_slug(slug).slug}/receipts/"))


@require_safe
@access(LISTERS)
def how_kept(request: HttpRequest) -> HttpResponse:
    return render(request, "public/how_kept.html")


app_name = "public"
urlpatterns = [
    path("", round_list, name="home"),
    path("rounds/", round_list, name="rounds"),
    path("rounds/<slug:slug>/preview/", round_preview, name="round"),
    path("rounds/<slug:slug>/preview/projects/", projects_preview, name="projects"),
    path("rounds/<slug:slug>/preview/projects/<str:ref>/", project_preview, name="project"),
    path("rounds/<slug:slug>/preview/discussion/<slug:key>/", discussion_preview, name="discussion"),
    path("rounds/<slug:slug>/preview/discussion/<slug:key>/<slug:verb>/", act_preview, name="act"),
    path("rounds/<slug:slug>/preview/evaluation/", evaluation_preview, name="evaluation"),
    path("rounds/<slug:slug>/preview/evaluation.pdf", evaluation_pdf_preview, name="evaluation-pdf"),
    path("rounds/<slug:slug>/preview/feedback/<uuid:sheet>/", feedback_preview, name="feedback"),
    path("rounds/<slug:slug>/preview/rules/", rules_preview, name="rules"),
    path("rounds/<slug:slug>/preview/ballot/", ballot_preview, name="vote"),
    path("rounds/<slug:slug>/preview/result/", result_preview, name="result"),
    path("rounds/<slug:slug>/preview/result/explain/<str:ref>/", explain_preview, name="explain"),
    path("rounds/<slug:slug>/preview/result.json", result_json_preview, name="result-json"),
    path("rounds/<slug:slug>/preview/receipts/", receipts_preview, name="receipts"),
    path("how-your-vote-is-kept/", how_kept, name="how-kept"),
    # Not a preview: an officer's own page, which has the same names.
    *account_urls,
]
