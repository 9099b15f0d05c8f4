"""A published round leaves as Pabulib, CSV and JSON; nothing leaves before, and nothing runs in a spreadsheet."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest

from core.exports.services import export_write
from core.kernel.errors import Invalid, NotFound, Refused
from core.project.cli import main
from core.rounds.models import Round
from core.rounds.services import round_advance
from plugins.api import Column
from plugins.api.pabulib import pabulib_read
from plugins.bundled.open_data.exporters import CsvTable, JsonDocument, TableFilter, harmless
from plugins.host.services import plugin_deactivate
from tenants.registry.context import Role, in_tenant
from tests.support.votes import ballots_in, counted, voting_open

CHOICES = [("P-01", "P-02"), ("P-01",), ("P-02", "P-03"), ("P-01", "P-02")]


def published(tenant: Any) -> None:
    with in_tenant(tenant):
        row = voting_open()
    with in_tenant(tenant, role=Role.WORKER):
        ballots_in(row.id, CHOICES)
    counted(tenant, row)
    with in_tenant(tenant):
        round_advance(round=Round.objects.get(), verb="publish_result", actor=None)


def write(tenant: Any, key: str, to: Path, **filters: str) -> Any:
    with in_tenant(tenant, role=Role.WORKER):
        return export_write(key=key, round=Round.objects.get(), to=to, filters=filters)


def test_a_published_round_is_read_again_as_it_was_and_another_councils_is_not(tenants: Any, tmp_path: Path) -> None:
    published(tenants.alpha)
    with in_tenant(tenants.beta):
        voting_open()
    to = tmp_path / "leith.pb"
    with pytest.raises(Refused, match="not published"):
        write(tenants.beta, "pabulib", to)
    assert list(tmp_path.iterdir()) == []
    manifest = write(tenants.alpha, "pabulib", to)
    assert manifest.digest == hashlib.sha256(to.read_bytes()).hexdigest()
    assert [path.name for path in tmp_path.iterdir()] == ["leith.pb"]
    file = pabulib_read(to)
    found = sorted(file.refs_of(number) for number in file.ballots)
    assert found == sorted(CHOICES)
    assert {project.ref: project.votes for project in file.projects if project.votes} == {
        "P-01": 3,
        "P-02": 3,
        "P-03": 1,
    }
    assert file.official is not None
    assert manifest.rows == 4
    # With the projects and ballots of the file, the rule decides the same again.
    document = tmp_path / "leith.json"
    write(tenants.alpha, "json", document)
    read = json.loads(document.read_text("utf-8"))
    assert read["facts"]["num_votes"] == 4
    assert len(read["tables"]["ballots"]["rows"]) == 4
    assert all(column["meaning"] for table in read["tables"].values() for column in table["columns"])
    table = tmp_path / "ballots.csv"
    write(tenants.alpha, "csv", table, table="ballots")
    assert len(table.read_text("utf-8-sig").splitlines()) == 5


def test_a_wrong_table_and_a_plugin_that_is_off_write_nothing(tenants: Any, tmp_path: Path) -> None:
    published(tenants.alpha)
    with pytest.raises(Invalid, match="There are: projects, ballots"):
        write(tenants.alpha, "csv", tmp_path / "x.csv", table="voters")
    with pytest.raises(Invalid, match="filters do not fit"):
        write(tenants.alpha, "csv", tmp_path / "x.csv", colour="red")
    with pytest.raises(Invalid, match="no folder"):
        write(tenants.alpha, "csv", tmp_path / "none" / "x.csv")
    with in_tenant(tenants.alpha):
        plugin_deactivate(plugin="open-data")
    with pytest.raises(NotFound):
        write(tenants.alpha, "csv", tmp_path / "x.csv")
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_the_file_and_says_its_digest(
    tenants: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    published(tenants.alpha)
    to = tmp_path / "leith.pb"
    given = ["export", "pabulib", "--tenant", "alpha", "--round", "leith", "--out", str(to), "--json"]
    assert main(given) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["digest"] == hashlib.sha256(to.read_bytes()).hexdigest()
    assert (said["rows"], said["licence"]) == (4, "OGL-UK-3.0")
    assert main([*given[:3], "beta", *given[4:]]) == 1


class Hostile:
    name = "hostile"
    facts: dict[str, Any] = {"round": "x"}
    TEXTS = ("=HYPERLINK(1)", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", " =1", 'a"b,c\nd', "Ràth\u202e", "plain")

    def tables(self) -> tuple[str, ...]:
        return ("projects",)

    def columns(self, table: str) -> tuple[Column, ...]:
        return (Column("name", "a name"), Column("count", "a number", "integer"))

    def rows(self, table: str) -> Any:
        return iter([{"name": text, "count": -5} for text in self.TEXTS])


def test_no_cell_of_a_spreadsheet_is_a_formula() -> None:
    out = io.BytesIO()
    manifest = CsvTable().write(Hostile(), out, TableFilter(), lambda rows: None)
    rows = list(csv.reader(io.StringIO(out.getvalue().decode("utf-8-sig"), newline="")))[1:]
    assert len(rows) == manifest.rows == len(Hostile.TEXTS)
    for (name, count), text in zip(rows, Hostile.TEXTS, strict=True):
        assert name.removeprefix("'") == text.replace("\r", "\n")
        assert not name.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))
        assert count == "-5"
    assert harmless("plain") == "plain"


def test_writing_is_a_stream() -> None:
    class Many(Hostile):
        def rows(self, table: str) -> Any:
            return ({"name": "x" * 100, "count": number} for number in range(5000))

    class Counting(io.RawIOBase):
        largest = total = 0

        def write(self, data: Any) -> int:
            self.largest, self.total = max(self.largest, len(data)), self.total + len(data)
            return len(data)

    for exporter, filters in ((CsvTable(), TableFilter()), (JsonDocument(), None)):
        told: list[int] = []
        out = Counting()
        exporter.write(Many(), out, filters, told.append)  # type: ignore[arg-type]  # any sink of bytes
        assert out.total > 500_000 > 1_000 > out.largest
        assert told == [1000, 2000, 3000, 4000, 5000]
