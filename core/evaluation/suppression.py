"""Small numbers are hidden before anybody sees a figure (R-132).

A figure about fewer people than the threshold is hidden. Where exactly one figure of a column is hidden, the total that
others may know gives it away: the next smallest figure about people in the same column is hidden with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from plugins.api import Cell, Chart, ReportSpec, Section, Table, Text

THRESHOLD = 10
HIDDEN = Text("Hidden: too few people", "Falaichte: ro bheag de dhaoine")


def _small(cell: Cell, threshold: int) -> bool:
    return cell.people is not None and 0 < cell.people < threshold


def _hidden(cells: Sequence[Cell], threshold: int) -> frozenset[int]:
    """Places in a column that have to be hidden."""
    first = {place for place, cell in enumerate(cells) if _small(cell, threshold)}
    others = [place for place, cell in enumerate(cells) if cell.people and place not in first]
    if len(first) == 1 and others:
        first.add(min(others, key=lambda place: (cells[place].people or 0, place)))
    return frozenset(first)


def _shown(cell: Cell, hide: bool) -> Cell:
    return Cell(HIDDEN) if hide else cell


def _table(table: Table, threshold: int) -> Table:
    columns = list(zip(*table.rows, strict=True)) if table.rows else []
    hidden = [_hidden(column, threshold) for column in columns]
    # Whoever knows one figure of a row and a share works out the other: a row with a hidden figure shows none.
    whole = frozenset[int]().union(*hidden)
    rows = tuple(
        tuple(_shown(cell, place in whole and cell.value is not None) for cell in row)
        for place, row in enumerate(table.rows)
    )
    return replace(table, rows=rows)


def _chart(chart: Chart, threshold: int) -> Chart:
    hidden = _hidden([cell for _, cell in chart.bars], threshold)
    bars = tuple((label, _shown(cell, place in hidden)) for place, (label, cell) in enumerate(chart.bars))
    return replace(chart, bars=bars)


def _section(section: Section, threshold: int) -> Section:
    tables = tuple(_table(one, threshold) for one in section.tables)
    return replace(section, tables=tables, charts=tuple(_chart(one, threshold) for one in section.charts))


def suppressed(report: ReportSpec, threshold: int = THRESHOLD) -> ReportSpec:
    """The report as it may be seen."""
    return replace(report, sections=tuple(_section(one, threshold) for one in report.sections))


__all__ = ["HIDDEN", "THRESHOLD", "suppressed"]
