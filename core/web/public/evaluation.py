"""How a round went, in figures: what each evaluation module reports, with small numbers hidden."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core.evaluation.selectors import reports_of
from core.kernel.errors import NotFound
from core.people.access import ANYONE, access
from core.rounds.models import Round
from core.rounds.selectors import round_by_slug
from core.web.public.phases import DECIDED
from core.web.public.rounds import frame
from plugins.api import Cell, ReportSpec, Unit
from plugins.api.money import Money


@require_safe
@access(ANYONE)
def evaluation(request: HttpRequest, slug: str) -> HttpResponse:
    """For everybody, once the result is published. Raises NotFound before."""
    row = round_by_slug(slug, visible_only=True)
    if row.state not in DECIDED:
        raise NotFound(_("This round is not far enough to look back on."), code="evaluation.too_early")
    return render(request, "public/evaluation.html", evaluation_context(row))


def evaluation_context(row: Round) -> dict[str, Any]:
    """The reports with each cell in words."""
    reports, silent = reports_of(row)
    return {**frame(row, "evaluation"), "reports": [drawn(one) for one in reports], "silent": bool(silent)}


def drawn(report: ReportSpec) -> dict[str, Any]:
    """A report whose cells are words in the page's language."""
    return {
        "title": report.title,
        "sections": [
            {
                "title": section.title,
                "paragraphs": section.paragraphs,
                "tables": [
                    {
                        "title": table.title,
                        "columns": table.columns,
                        "note": table.note,
                        "rows": [[said(cell) for cell in line] for line in table.rows],
                    }
                    for table in section.tables
                ],
            }
            for section in report.sections
        ],
    }


def said(cell: Cell) -> dict[str, Any]:
    """A cell as the page shows it; a number is right-aligned."""
    if cell.value is None:
        return {"text": cell.text.get(get_language() or "en"), "number": False}
    return {"text": _figure(cell.value, cell.unit), "number": True}


def _figure(value: Fraction, unit: Unit) -> str:
    if unit is Unit.PENCE:
        return Money(round(value)).format()
    if unit is Unit.SHARE:
        return f"{round(value * 100)} %"
    if unit is Unit.YES_NO:
        return _("Yes") if value else _("No")
    number = f"{value.numerator:,}" if value.denominator == 1 else f"{float(value):,.1f}"
    if unit is Unit.DAYS:
        return ngettext("%(number)s day", "%(number)s days", round(value)) % {"number": number}
    if unit is Unit.HOURS:
        return ngettext("%(number)s hour", "%(number)s hours", round(value)) % {"number": number}
    return number
