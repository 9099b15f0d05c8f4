"""Three ways of writing a dataset, each row by row, each with a digest of exactly the bytes that were written."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Mapping
from typing import Any, BinaryIO, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from plugins.api import Column, Dataset, Exporter, Manifest, PermanentFailure, PersonalDataClass, Progress, Text

EVERY = 1000
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class _Out:
    """A stream that counts what passes through it into a digest."""

    def __init__(self, out: BinaryIO) -> None:
        self.out = out
        self.sum = hashlib.sha256()
        self.rows = 0

    def text(self, words: str) -> None:
        data = words.encode("utf-8")
        self.sum.update(data)
        self.out.write(data)

    def row(self, progress: Progress) -> None:
        self.rows += 1
        if self.rows % EVERY == 0:
            progress(self.rows)

    def manifest(self, columns: tuple[str, ...]) -> Manifest:
        return Manifest(rows=self.rows, columns=columns, digest=self.sum.hexdigest())


def harmless(value: Any) -> str:
    """Text that a spreadsheet shows instead of running it: a formula gets an apostrophe before it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    # A lone carriage return would be written without quotes and read as the end of the row.
    text = str(value).replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) or text.startswith(FORMULA) else text


def line(cells: list[str], delimiter: str) -> str:
    made = io.StringIO()
    csv.writer(made, delimiter=delimiter, lineterminator="\n").writerow(cells)
    return made.getvalue()


class Pabulib(Exporter):
    """The form of the Pabulib library: what was decided on, and every ballot, as researchers read it."""

    key: ClassVar[str] = "pabulib"
    label: ClassVar[Text] = Text("Pabulib file", "Faidhle Pabulib")
    description: ClassVar[Text] = Text(
        "The projects and every ballot of a round in the form that researchers of participatory budgeting use.",
        "Pròiseactan agus a h-uile baileat ann an cuairt, san dòigh a chleachdas luchd-rannsachaidh.",
    )
    media_type: ClassVar[str] = "text/plain; charset=utf-8"
    suffix: ClassVar[str] = ".pb"
    personal_data: ClassVar[PersonalDataClass] = PersonalDataClass.NONE

    def write(self, dataset: Dataset, out: BinaryIO, filters: Any, progress: Progress) -> Manifest:
        if not {"projects", "ballots"} <= set(dataset.tables()):
            raise PermanentFailure("A Pabulib file needs the projects and the ballots of one round.")
        made = _Out(out)
        kind = str(dataset.facts.get("vote_type", "approval"))
        made.text("META\nkey;value\n")
        for name, value in dataset.facts.items():
            if value not in (None, ""):
                made.text(line([name, " ".join(str(value).split())], ";"))
        columns = [column.name for column in dataset.columns("projects")]
        made.text("PROJECTS\n" + line(columns, ";"))
        for row in dataset.rows("projects"):
            made.text(line([" ".join(str(row.get(name, "")).split()) for name in columns], ";"))
        names = ["voter_id", "vote"] if kind in ("approval", "ordinal") else ["voter_id", "vote", "points"]
        made.text("VOTES\n" + line(names, ";"))
        for row in dataset.rows("ballots"):
            made.text(line([str(row.get(name, "")) for name in names], ";"))
            made.row(progress)
        return made.manifest(tuple(names))


class TableFilter(BaseModel):
    """Which table of the dataset becomes the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str = Field(default="projects", title="Table")


class CsvTable(Exporter):
    """One table for a spreadsheet. UTF-8 with a mark at the front, without which spreadsheets misread Gaelic."""

    key: ClassVar[str] = "csv"
    label: ClassVar[Text] = Text("Table (CSV)", "Clàr (CSV)")
    description: ClassVar[Text] = Text(
        "One table of a round for a spreadsheet.", "Aon chlàr de chuairt airson cliath-dhuilleig."
    )
    media_type: ClassVar[str] = "text/csv; charset=utf-8"
    suffix: ClassVar[str] = ".csv"
    personal_data: ClassVar[PersonalDataClass] = PersonalDataClass.NONE
    Filters = TableFilter

    def write(self, dataset: Dataset, out: BinaryIO, filters: TableFilter, progress: Progress) -> Manifest:
        if filters.table not in dataset.tables():
            raise PermanentFailure(f"There is no table {filters.table!r}. There are: {', '.join(dataset.tables())}.")
        made = _Out(out)
        columns = tuple(column.name for column in dataset.columns(filters.table))
        made.text("\ufeff" + line([harmless(name) for name in columns], ","))
        for row in dataset.rows(filters.table):
            made.text(line([harmless(row.get(name)) for name in columns], ","))
            made.row(progress)
        return made.manifest(columns)


def _column(column: Column) -> Mapping[str, str]:
    return {"name": column.name, "meaning": column.meaning, "type": column.type}


class JsonDocument(Exporter):
    """Everything in one JSON document: facts, and each table with what its columns mean."""

    key: ClassVar[str] = "json"
    label: ClassVar[Text] = Text("Document (JSON)", "Sgrìobhainn (JSON)")
    description: ClassVar[Text] = Text(
        "All tables of a round for programs.", "A h-uile clàr de chuairt airson phrògraman."
    )
    media_type: ClassVar[str] = "application/json"
    suffix: ClassVar[str] = ".json"
    personal_data: ClassVar[PersonalDataClass] = PersonalDataClass.NONE

    def write(self, dataset: Dataset, out: BinaryIO, filters: Any, progress: Progress) -> Manifest:
        made = _Out(out)

        def dumped(value: Any) -> str:
            return json.dumps(value, ensure_ascii=False, default=str)

        made.text(f'{{"name": {dumped(dataset.name)}, "facts": {dumped(dict(dataset.facts))}, "tables": {{')
        names: list[str] = []
        for number, table in enumerate(dataset.tables()):
            columns = dataset.columns(table)
            names += [f"{table}.{column.name}" for column in columns]
            told = dumped([_column(column) for column in columns])
            made.text(("," if number else "") + f'\n{dumped(table)}: {{"columns": {told}, "rows": [')
            for place, row in enumerate(dataset.rows(table)):
                cells = {column.name: row.get(column.name) for column in columns}
                made.text(("," if place else "") + "\n" + dumped(cells))
                made.row(progress)
            made.text("]}")
        made.text("}}\n")
        return made.manifest(tuple(names))
