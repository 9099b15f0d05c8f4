"""Reports as a PDF: tagged (PDF/UA-1), with title, language and headings, made without a browser and without a network.

The words reach the typesetter as data and are never read as its markup. The same report gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import typst

TEMPLATE = Path(__file__).parent / "report.typ"
STANDARD: Literal["ua-1"] = "ua-1"


def _plain(report: dict[str, Any], language: str) -> dict[str, Any]:
    """A report as `drawn` gives it, with every word in one language."""

    def words(text: Any) -> str:
        return str(text.get(language))

    return {
        "title": words(report["title"]),
        "sections": [
            {
                "title": words(section["title"]),
                "paragraphs": [words(one) for one in section["paragraphs"]],
                "charts": [
                    {
                        "title": words(chart["title"]),
                        "columns": [str(one) for one in chart["columns"]],
                        "bars": [[words(bar["label"]), bar["cell"]["text"], bar["share"]] for bar in chart["bars"]],
                    }
                    for chart in section["charts"]
                ],
                "tables": [
                    {
                        "title": words(table["title"]),
                        "columns": [words(one) for one in table["columns"]],
                        "rows": [[[cell["text"], cell["number"]] for cell in row] for row in table["rows"]],
                        "note": words(table["note"]),
                    }
                    for table in section["tables"]
                ],
            }
            for section in report["sections"]
        ],
    }


@lru_cache(maxsize=16)
def _set(data: str) -> bytes:
    return typst.compile(
        TEMPLATE.read_bytes(),
        format="pdf",
        pdf_standards=STANDARD,
        ignore_system_fonts=True,
        sys_inputs={"data": data},
    )


def report_pdf(
    *, title: str, publisher: str, language: str, notes: Sequence[Any], reports: Sequence[dict[str, Any]]
) -> bytes:
    """The file. `reports` are drawn: small numbers have been hidden before they come here."""
    document = {
        "title": title,
        "publisher": publisher,
        "language": language,
        "notes": [str(one) for one in notes],
        "reports": [_plain(one, language) for one in reports],
    }
    return _set(json.dumps(document, ensure_ascii=False, sort_keys=True))
