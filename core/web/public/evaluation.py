"""How a round went, in figures: what each evaluation module reports, with small numbers hidden."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.views.decorators.http import require_safe

from core.evaluation.selectors import reports_of
from core.kernel.errors import NotFound
from core.people.access import ANYONE, access
from core.rounds.models import Round
from core.rounds.selectors import round_by_slug
from core.web.public.phases import DECIDED
from core.web.public.rounds import frame
from core.web.report_pdf import report_pdf
from plugins.api import Cell, Chart, ReportSpec, Unit
from plugins.api.money import Money
from tenants.registry.context import current_tenant

HIDDEN_WORDS = _l("Figures about fewer than ten people are hidden, so that nobody can be recognised in them.")
SILENT_WORDS = _l("Some figures cannot be shown at the moment.")
EMPTY_WORDS = _l("There are no figures yet. They appear here once the round has been looked back on.")


@require_safe
@access(ANYONE)
def evaluation(request: HttpRequest, slug: str) -> HttpResponse:
    """For everybody, once the result is published. Raises NotFound before."""
    return render(request, "public/evaluation.html", evaluation_context(_looked_back_on(slug)))


@require_safe
@access(ANYONE)
def evaluation_pdf(request: HttpRequest, slug: str) -> HttpResponse:
    """The same as a file: tagged, in the page's language. Raises NotFound as the page does."""
    return pdf_answer(_looked_back_on(slug))


def _looked_back_on(slug: str) -> Round:
    row = round_by_slug(slug, visible_only=True)
    if row.state not in DECIDED:
        raise NotFound(_("This round is not far enough to look back on."), code="evaluation.too_early")
    return row


def pdf_answer(row: Round) -> HttpResponse:
    """The reports of a round as a PDF to keep, in the language that is spoken now."""
    language = get_language() or "en"
    reports, silent = reports_of(row)
    file = report_pdf(
        title=_("Looking back: %(round)s") % {"round": row.name.get(language)},
        publisher=current_tenant().name.get(language),
        language=language,
        notes=[HIDDEN_WORDS, *([SILENT_WORDS] if silent else []), *([] if reports else [EMPTY_WORDS])],
        reports=[drawn(one) for one in reports],
    )
    answer = HttpResponse(file, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{row.slug}-{language}.pdf"'
    return answer


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
                "charts": [_chart(chart) for chart in section.charts],
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


def _chart(chart: Chart) -> dict[str, Any]:
    """Bars with the same numbers beside them; `share` of the longest bar, from 0 to 100, None where there is no bar."""
    longest = Fraction(6 if chart.unit is Unit.SCORE else 0)
    for _bar, cell in chart.bars:
        longest = max(longest, cell.value or Fraction(0))
    return {
        "title": chart.title,
        "columns": (_("Part"), _("Value")),
        "bars": [
            {
                "label": label,
                "cell": said(cell),
                "share": None
                if cell.value is None or longest <= 0
                else round(max(cell.value, Fraction(0)) / longest * 100),
            }
            for label, cell in chart.bars
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
