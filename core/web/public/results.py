"""The published result: what was decided, why for every project, and the same as a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from core.kernel.errors import NotFound
from core.people.access import ANYONE, access
from core.rounds.models import Round
from core.rounds.selectors import round_by_slug
from core.voting.selectors import PotResult, ResultView, result_of
from core.web.public.rounds import frame
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
# What the number is by which projects are compared: its name, what the drawing shows, and what the table holds.
FIGURES: dict[tuple[str, str], tuple[Promise, Promise, Promise]] = {
    ("tick", "votes"): (
        _("Votes"),
        _("Votes for each project"),
        _("Every project: its votes, and why it was funded or not"),
    ),
    ("points", "points"): (
        _("Points"),
        _("Points for each project"),
        _("Every project: its points, and why it was funded or not"),
    ),
    ("score", "points"): (
        _("All scores together"),
        _("All scores of each project, added up"),
        _("Every project: its scores added up, and why it was funded or not"),
    ),
    ("place", "points"): (
        _("Points by place"),
        _("Points of each project for its places on ballots"),
        _("Every project: its points by place, and why it was funded or not"),
    ),
    ("place", "first"): (
        _("First choices"),
        _("Ballots on which each project comes first"),
        _("Every project: its first choices, and why it was funded or not"),
    ),
    ("grade", "middle"): (
        _("Grade of the middle voter"),
        _("Grades for each project"),
        _("Every project: the grade of the middle voter, and why it was funded or not"),
    ),
}
GAVE: dict[str, Promise] = {
    "points": _("Voters who gave it points"),
    "score": _("Voters who gave it a score above 0"),
    "place": _("Voters who put it in their order"),
    "grade": _("Voters who gave it more than the worst grade"),
}
HINTS: dict[tuple[str, str], Promise] = {
    ("place", "points"): _("The first project on a ballot gets most points, each after it one fewer."),
    ("place", "first"): _("These are the votes before any was transferred. “Why” tells what came after."),
    ("grade", "middle"): _(
        "Half of the voters gave a project at least this grade. A project without a grade on a ballot has the worst."
    ),
}


@dataclass(frozen=True, slots=True)
class Decided:
    """One project of a result, as its row in the table. `figure` is what projects are compared by, `votes` how many
    voters gave it anything."""

    project: Project
    figure: int
    votes: int
    place: int
    amount: Money
    reason: Text | None
    grade: Text | None = None
    """What the grade of the middle voter is called, where voters gave grades."""
    grades: tuple[int, ...] = ()

    @property
    def funded(self) -> bool:
        return self.place > 0

    @property
    def best_first(self) -> tuple[int, ...]:
        return self.grades[::-1]

    @property
    def in_part(self) -> bool:
        return self.funded and self.amount != self.project.cost


def decided(view: ResultView) -> list[list[Decided]]:
    """By pot: funded projects in the order in which they were funded, then the others by what they are compared by."""
    reasons = {step.project: step.sentence for step in view.outcome.steps if step.project}
    kept = {row["ref"]: row for row in view.document["projects"]}
    currency = view.offer.budget.currency
    found: list[list[Decided]] = [[] for _ in view.pots]
    for project in view.offer.projects:
        row = kept[project.ref]
        found[row["pot"]].append(
            Decided(
                project,
                view.figures[project.ref],
                row["votes"],
                row["place"] or 0,
                Money(row["amount"], currency),
                reasons.get(project.ref),
                view.grades[view.figures[project.ref]] if view.grades else None,
                tuple(row.get("grades", ())),
            )
        )
    for rows in found:
        rows.sort(key=lambda row: (not row.funded, row.place, -row.figure, row.project.ref))
    return found


def chart(rows: list[Decided], mark: str = "") -> dict[str, Any]:
    """Bars of the projects that stand highest; the page's table has them all. Grades are one bar cut into pieces.

    Heights are pixels and widths hundredths of the page, so that words keep their size on a small screen.
    """
    graded = mark == "grade"
    shown = sorted(rows, key=lambda row: (-row.figure, -row.votes))[:CHART_MOST]
    most = max((row.figure for row in shown), default=0) or 1
    bars = [
        {
            "row": row,
            "text_y": number * ROW + LABEL,
            "bar_y": number * ROW + LABEL + 6,
            "width": max(1, row.figure * FULL // most) if row.figure else 0,
            "number_y": number * ROW + LABEL + 6 + 14,
            "pieces": _pieces(row.grades) if graded else (),
        }
        for number, row in enumerate(shown)
    ]
    return {"bars": bars, "height": len(bars) * ROW + 8, "bar": BAR, "all": len(shown) == len(rows), "graded": graded}


def _pieces(counts: tuple[int, ...]) -> list[dict[str, Any]]:
    """The grades of a project side by side, the best first; all pieces together are the whole width."""
    whole, before, pieces = sum(counts) or 1, 0, []
    shades = max(len(counts) - 1, 1)
    for grade, count in reversed(list(enumerate(counts))):
        if count:
            pieces.append(
                {
                    "x": f"{before * 100 / whole:.3f}",
                    "width": f"{count * 100 / whole:.3f}",
                    "shade": grade * 6 // shades,
                }
            )
        before += count
    return pieces


def _name(pot: PotResult) -> str:
    """What a pot is called where there are several."""
    if pot.area:
        return say("Projects in %(area)s") % {"area": pot.area}
    return say("Projects for everybody")


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
    by_pot = decided(view)
    kind = (view.mark, view.figure)
    figure, drawn, told = FIGURES[kind]
    pots = [
        {
            "number": number,
            "name": _name(pot),
            "pot": pot,
            "rows": rows,
            "funded": [one for one in rows if one.funded],
            "reserve": [one for ref in pot.reserve for one in rows if one.project.ref == ref],
            "chart": chart(rows, view.mark),
        }
        for number, (pot, rows) in enumerate(zip(view.pots, by_pot, strict=True))
    ]
    return {
        **frame(row, "result"),
        "view": view,
        "pots": pots,
        "several": len(pots) > 1,
        "funded": [one for rows in by_pot for one in rows if one.funded],
        "spent": Money(view.outcome.spent, view.offer.budget.currency),
        "left": Money(view.outcome.remaining, view.offer.budget.currency),
        "figure": figure,
        "drawn": drawn,
        "told": told,
        "gave": GAVE.get(view.mark, ""),
        "hint": HINTS.get(kind, ""),
        "grades": view.grades,
        "shades": [
            {"grade": grade, "shade": number * 6 // max(len(view.grades) - 1, 1)}
            for number, grade in reversed(list(enumerate(view.grades)))
        ],
        "channels": [(CHANNELS.get(name, name), number) for name, number in sorted(view.channels.items())],
        "rule": outcome_rule(view.rule_key),
        "format": ballot_format(view.format_key),
        "decided_ties": [tie for tie in view.ties if tie.chosen],
        "stopped_ties": [tie for tie in view.ties if not tie.chosen],
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
    number, one = next(
        (number, one) for number, rows in enumerate(decided(view)) for one in rows if one.project.ref == ref
    )
    pot = view.pots[number]
    return {
        **frame(row, "result"),
        "one": one,
        "view": view,
        "pot": pot,
        "name": _name(pot),
        "several": len(view.pots) > 1,
        "figure": FIGURES[view.mark, view.figure][0],
        "gave": GAVE.get(view.mark, ""),
        "grades": view.grades,
        "reserve": pot.reserve.index(ref) + 1 if ref in pot.reserve else 0,
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
