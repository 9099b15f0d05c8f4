"""The published result: what was decided, why for every project, and the same as a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from core.kernel.errors import NotFound
from core.people.access import ANYONE, access
from core.rounds.models import Round
from core.rounds.selectors import round_by_slug
from core.voting.selectors import ResultView, result_of
from core.web.public.rounds import frame, pots_of
from plugins.api.money import Money
from plugins.api.text import Text
from plugins.api.values import Project
from plugins.host.selectors import ballot_format, outcome_rule

CHANNELS: dict[str, str | Promise] = {
    "web": _("On the web"),
    "kiosk": _("At a kiosk"),
    "paper_event": _("On paper at an event"),
    "paper_post": _("On paper by post"),
    "phone_assisted": _("By telephone with help"),
    "school": _("At school"),
    "import": _("From the file of an earlier election"),
}
CHART_MOST = 25
ROW, BAR, LABEL, FULL = 44, 18, 20, 80


@dataclass(frozen=True, slots=True)
class Decided:
    """One project of a result, as its row in the table."""

    project: Project
    votes: int
    place: int
    reason: Text | None

    @property
    def funded(self) -> bool:
        return self.place > 0


def decided(view: ResultView) -> list[Decided]:
    """Funded projects in the order in which they were funded, then the others by votes."""
    places = {ref: place for place, ref in enumerate(view.outcome.allocation, start=1)}
    reasons = {step.project: step.sentence for step in view.outcome.steps if step.project}
    rows = [
        Decided(project, view.votes.get(project.ref, 0), places.get(project.ref, 0), reasons.get(project.ref))
        for project in view.offer.projects
    ]
    return sorted(rows, key=lambda row: (not row.funded, row.place, -row.votes, row.project.ref))


def chart(rows: list[Decided]) -> dict[str, Any]:
    """Bars of the projects with most votes; the page's table has them all.

    Heights are pixels and widths hundredths of the page, so that words keep their size on a small screen.
    """
    shown = sorted(rows, key=lambda row: -row.votes)[:CHART_MOST]
    most = max((row.votes for row in shown), default=0) or 1
    bars = [
        {
            "row": row,
            "text_y": number * ROW + LABEL,
            "bar_y": number * ROW + LABEL + 6,
            "width": max(1, row.votes * FULL // most) if row.votes else 0,
            "number_y": number * ROW + LABEL + 6 + 14,
        }
        for number, row in enumerate(shown)
    ]
    return {"bars": bars, "height": len(bars) * ROW + 8, "bar": BAR, "all": len(shown) == len(rows)}


@require_safe
@access(ANYONE)
def result(request: HttpRequest, slug: str) -> HttpResponse:
    row = round_by_slug(slug, visible_only=True)
    view = result_of(row)
    if view is None:
        return render(request, "public/result_none.html", frame(row, "result"))
    return render(request, "public/result.html", result_context(row, view))


def result_context(row: Round, view: ResultView) -> dict[str, Any]:
    """What the page of a result shows."""
    rows = decided(view)
    return {
        **frame(row, "result"),
        "view": view,
        "rows": rows,
        "funded": [one for one in rows if one.funded],
        "chart": chart(rows),
        "pots": pots_of(row),
        "spent": Money(view.outcome.spent, view.offer.budget.currency),
        "left": Money(view.outcome.remaining, view.offer.budget.currency),
        "channels": [(CHANNELS.get(name, name), number) for name, number in sorted(view.channels.items())],
        "rule": outcome_rule(view.rule_key),
        "format": ballot_format(view.format_key),
        "remarks": [step.sentence for step in view.outcome.steps if not step.project],
        "ballots": view.document["ballots"],
    }


@require_safe
@access(ANYONE)
def explain(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """Why one project was funded or not, step by step."""
    row = round_by_slug(slug, visible_only=True)
    view = result_of(row)
    if view is None:
        raise NotFound("There is no such project in a published result.", code="result.not_found")
    return render(request, "public/explain.html", explain_context(row, view, ref))


def explain_context(row: Round, view: ResultView, ref: str) -> dict[str, Any]:
    """What the page of one project's reasons shows. Raises NotFound for a project that was not on the ballot."""
    if view.offer.project(ref) is None:
        raise NotFound("There is no such project in a published result.", code="result.not_found")
    one = next(found for found in decided(view) if found.project.ref == ref)
    return {
        **frame(row, "result"),
        "one": one,
        "view": view,
        "steps": [step for step in view.outcome.steps if step.project == ref],
        "ties": [tie for tie in view.ties if ref in tie.projects],
        "rule": outcome_rule(view.rule_key),
    }


@require_safe
@access(ANYONE)
def result_json(request: HttpRequest, slug: str) -> JsonResponse:
    """The result as data. Before it is published there is nothing."""
    row = round_by_slug(slug, visible_only=True)
    view = result_of(row)
    if view is None:
        return JsonResponse({"code": "result.not_published", "message": "The result is not published yet."}, status=404)
    document = {"slug": row.slug, "published_at": view.published_at.isoformat(), **view.document}
    return JsonResponse(document, json_dumps_params={"ensure_ascii": False, "indent": 1})
