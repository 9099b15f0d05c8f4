"""Filling in a ballot and checking it. Nobody is asked who they are until the ballot is done."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from core.kernel.errors import Invalid
from core.people.access import ANYONE, access
from core.rounds.models import Round
from core.rounds.selectors import round_by_slug
from core.voting.selectors import accepting
from core.web.public.booth import Booth, booth_for
from core.web.public.draft import Draft, draft_keep, posted
from core.web.public.rounds import frame
from plugins.api.errors import BallotInvalid
from plugins.api.values import Problem

PROBLEM = 422


def shut(request: HttpRequest, row: Round) -> HttpResponse:
    """Instead of a ballot: that none is taken now, and when one is."""
    status = 200 if request.method in ("GET", "HEAD") else 409
    return render(request, "public/vote_shut.html", frame(row, "vote"), status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@access(ANYONE)
def vote(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The ballot as a form. `do=total` only counts up; anything else goes on to the check page if all is well."""
    row = round_by_slug(slug, visible_only=True)
    if not accepting(row):
        return shut(request, row)
    booth = booth_for(request, row)
    if request.method != "POST":
        return _ballot_page(request, booth)
    booth = booth.with_draft(posted(dict(request.POST.lists())))
    problems: Sequence[Problem] = ()
    try:
        booth.ballot()
    except BallotInvalid as error:
        problems = error.problems
    if request.POST.get("do") == "total":
        return _ballot_page(request, booth, problems, counting=True)
    if problems:
        return _ballot_page(request, booth, problems)
    answer = redirect("public:review", slug=row.slug)
    try:
        draft_keep(answer, row.id, booth.draft)
    except Invalid as error:
        return _ballot_page(request, booth, error.problems)
    return answer


def _ballot_page(
    request: HttpRequest, booth: Booth, problems: Sequence[Problem] = (), *, counting: bool = False
) -> HttpResponse:
    """The form with what was filled in. While only counting, what is still wrong is said gently."""
    context = {
        **frame(booth.round, "vote"),
        "ballot": booth.form(),
        "problems": problems,
        "counting": counting,
        "order": booth.draft.seed,
    }
    answer = render(request, "public/vote.html", context, status=PROBLEM if problems and not counting else 200)
    try:
        draft_keep(answer, booth.round.id, booth.draft)
    except Invalid as error:
        context |= {"problems": error.problems, "counting": False}
        answer = render(request, "public/vote.html", context, status=PROBLEM)
        draft_keep(answer, booth.round.id, Draft(seed=booth.draft.seed))
    return answer


@never_cache
@require_safe
@access(ANYONE)
def review(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The ballot read back. Whoever has none, or one that is not right, is led to the form."""
    row = round_by_slug(slug, visible_only=True)
    if not accepting(row):
        return shut(request, row)
    booth = booth_for(request, row)
    try:
        ballot = booth.ballot()
    except BallotInvalid:
        return redirect("public:vote", slug=row.slug)
    context = {**frame(row, "vote"), "lines": booth.format.summary(ballot, booth.offer)}
    return render(request, "public/review.html", context)
