"""What an exporter promises. Subclass ExporterContract and name your class."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from typing import Any, ClassVar

from plugins.api import Exporter, Manifest, PersonalDataClass
from plugins.testkit.hostile import FORMULAS, WORDS
from plugins.testkit.lending import Rows
from plugins.testkit.modules import ModuleContract
from plugins.testkit.saying import named

MANY = 20_000
BEHIND = 5_000
RUNS = re.compile(r"^\s*[=+\-@]")


class _Out(io.BytesIO):
    """Remembers how many rows had been asked for at each writing."""

    def __init__(self, rows: Any) -> None:
        super().__init__()
        self.of = rows
        self.behind = 0
        self.last = 0

    def write(self, data: Any) -> int:
        taken = getattr(self.of, "taken", 0)
        self.behind, self.last = max(self.behind, taken - self.last), taken
        return super().write(data)


class ExporterContract(ModuleContract):
    """`dataset(count, words)` gives what your exporter writes; without it, a table of projects is tried."""

    section: ClassVar[str] = "exporters"
    module: ClassVar[type[Exporter]]

    def dataset(self, count: int, words: tuple[str, ...] = ("A bench",)) -> Any:
        return Rows(count, words)

    def written(self, dataset: Any, progress: Any = None) -> tuple[bytes, Manifest, _Out]:
        out = _Out(dataset)
        filters = self.module.Filters()
        try:
            manifest = self.one.write(dataset, out, filters, progress or (lambda done: None))
        except Exception as error:  # noqa: BLE001  # an author reads what it was
            self.need(False, f"`write` raised {named(error)}.")
        self.need(isinstance(manifest, Manifest), f"`write` answered {type(manifest).__name__} instead of a Manifest.")
        return out.getvalue(), manifest, out

    def test_it_says_what_leaves(self) -> None:
        module = self.module
        self.need(
            isinstance(module.personal_data, PersonalDataClass), "`personal_data` is no PersonalDataClass.", "privacy"
        )
        self.need("/" in module.media_type, f"`media_type` is {module.media_type!r}.")
        self.need(re.match(r"^\.[a-z0-9.]+$", module.suffix), f"`suffix` is {module.suffix!r}; write it as '.csv'.")

    def test_the_manifest_is_true(self) -> None:
        data, manifest, _ = self.written(self.dataset(7))
        self.need(
            manifest.digest == hashlib.sha256(data).hexdigest(), "`digest` is not the SHA-256 of what was written."
        )
        self.need(manifest.rows == 7, f"`rows` says {manifest.rows}, and 7 were handed over.")
        self.need(manifest.columns, "`columns` names none.")

    def test_the_same_data_are_the_same_bytes(self) -> None:
        self.need(
            self.written(self.dataset(5))[0] == self.written(self.dataset(5))[0], "two exports of the same data differ."
        )

    def test_nothing_at_all_can_be_written(self) -> None:
        _, manifest, _ = self.written(self.dataset(0))
        self.need(manifest.rows == 0, f"`rows` says {manifest.rows} of an empty dataset.")

    def test_it_writes_as_a_stream(self) -> None:
        _, _, out = self.written(self.dataset(MANY))
        self.need(out.behind <= BEHIND, f"it read {out.behind} rows before it wrote: write while you read.", "time")

    def test_progress_is_told_and_can_stop_it(self) -> None:
        told: list[int] = []
        self.written(self.dataset(MANY), told.append)
        self.need(told and told == sorted(told), "`progress` is not told how far it is.")

        class Stop(Exception):
            pass

        def stop(done: int) -> None:
            raise Stop

        try:
            self.one.write(self.dataset(MANY), io.BytesIO(), self.module.Filters(), stop)
        except Stop:
            return
        self.need(False, "`progress` raised to stop the export, and it went on.")

    def test_hostile_words_stay_words(self) -> None:
        data, manifest, _ = self.written(self.dataset(len(WORDS), WORDS))
        self.need(manifest.rows == len(WORDS), "rows with hostile words are lost.")
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            self.need("text" not in self.module.media_type, "what was written is not UTF-8.")

    def test_no_cell_runs_in_a_spreadsheet(self) -> None:
        if "csv" not in self.module.media_type and "csv" not in self.module.suffix:
            return
        data, _, _ = self.written(self.dataset(len(FORMULAS), FORMULAS))
        for row in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")):
            runs = [cell for cell in row if RUNS.match(cell) and not re.fullmatch(r"-?\d+(\.\d+)?", cell)]
            self.need(not runs, f"a spreadsheet would run {runs[:1]}: put an apostrophe before it.", "privacy")
