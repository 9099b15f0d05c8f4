"""What an evaluation module promises. Subclass EvaluationContract and name your class."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar

from plugins.api import (
    Answer,
    BallotFacts,
    Cell,
    EvaluationModule,
    Indicator,
    IndicatorValue,
    Instrument,
    MoneyFacts,
    ReportSpec,
    RoundFacts,
)
from plugins.testkit.hostile import WORDS
from plugins.testkit.lending import NOW, TestContext
from plugins.testkit.modules import ModuleContract, both_languages
from plugins.testkit.saying import named

EMPTY = RoundFacts(round="0" * 32)
FULL = RoundFacts(
    round="0" * 32,
    kind="pb",
    state="closed",
    opened_at=NOW - timedelta(days=60),
    closed_at=NOW,
    money=MoneyFacts(100_000_00, 90_000_00, 80_000_00, 10_000_00),
    ballots=BallotFacts(400, 10, {"web": 300, "paper": 110}, {"E1": 410}, {"duplicate": 3}, 420),
    activities={"ideas/web": 30, "vote/web": 300},
    proposals={"submitted": 20, "on_ballot": 12},
    deliberation={"contributions": 80, "participants": 40},
    clocks={"feasibility": 12},
    milestones={"due": 4, "met": 3},
    efforts={"staff_days": 12, "volunteer_hours": 80, "pence": 4_000_00},
    events={"held": 3},
    organisations={"partners": 5},
    eligible=12_000,
    eligible_source="mid-year estimate",
)


class EvaluationContract(ModuleContract):
    """The module is tried on empty facts, on full ones, and with answers to its own questions."""

    section: ClassVar[str] = "evaluation-modules"
    pure: ClassVar[bool] = False
    module: ClassVar[type[EvaluationModule]]

    def context(self) -> Any:
        return TestContext(settings=self.settings)

    def answers(self, word: str = "3") -> list[Answer]:
        return [
            Answer(
                sheet.key, field.name, field.choices[0][0] if field.choices and word == "3" else word, sheet.audience
            )
            for sheet in self.one.instruments(self.settings)
            for field in sheet.form.fields
        ]

    def measured(self, facts: RoundFacts, answers: Sequence[Answer]) -> list[IndicatorValue]:
        try:
            values = list(self.one.measure(self.context(), facts, answers))
        except Exception as error:  # noqa: BLE001  # an author reads what it was
            self.need(False, f"`measure` raised {named(error)}.")
        return values

    def test_it_asks_in_words(self) -> None:
        sheets = list(self.one.instruments(self.settings))
        self.need(all(isinstance(one, Instrument) for one in sheets), "`instruments` answers something else.")
        keys = [one.key for one in sheets]
        self.need(len(set(keys)) == len(keys), f"two instruments share a key: {keys}.")
        both_languages(sheets, "an instrument", "languages")
        for one in sheets:
            self.need(one.keep_days > 0, f"answers of {one.key} are kept for no stated time.", "privacy")
            names = [field.name for field in one.form.fields]
            self.need(names and len(set(names)) == len(names), f"{one.key} has no questions, or two of one name.")
            silent = [field.name for field in one.form.fields if not field.label.en]
            self.need(not silent, f"{one.key} has questions without words: {silent}.", "accessibility")

    def test_what_it_measures_is_defined(self) -> None:
        indicators = list(self.one.indicators(self.settings))
        self.need(all(isinstance(one, Indicator) for one in indicators), "`indicators` answers something else.")
        codes = [one.code for one in indicators]
        self.need(len(set(codes)) == len(codes), "two indicators share a code.")
        both_languages(indicators, "an indicator", "languages")
        bare = [one.code for one in indicators if not (one.title.en and one.definition.en and one.numerator.en)]
        self.need(not bare, f"{bare[:3]} have no title, definition or numerator.")

    def test_it_measures_whole_numbers_of_what_it_defines(self) -> None:
        codes = {one.code for one in self.one.indicators(self.settings)}
        for facts, answers in ((EMPTY, []), (FULL, []), (FULL, self.answers())):
            for value in self.measured(facts, answers):
                self.need(isinstance(value, IndicatorValue), "`measure` answers something else than IndicatorValue.")
                self.need(value.code in codes, f"it measures {value.code!r}, which it does not define.")
                whole = type(value.numerator) is int and (value.denominator is None or type(value.denominator) is int)
                self.need(whole, f"{value.code} is no whole number over a whole number.", "exactness")
                both_languages(value.missing, "a missing figure", "languages")

    def test_nothing_is_measured_of_nothing(self) -> None:
        """A figure without facts says why it is missing; it does not read as nought."""
        for value in self.measured(EMPTY, []):
            about_people = value.people not in (None, 0)
            self.need(
                not about_people, f"{value.code} is about {value.people} people of a round without any.", "privacy"
            )
            zero_of_zero = value.denominator == 0 and not value.missing.en
            self.need(not zero_of_zero, f"{value.code} divides by nothing; say why it is `missing`.")

    def test_it_measures_the_same_again(self) -> None:
        first, second = self.measured(FULL, self.answers()), self.measured(FULL, self.answers())
        self.need(first == second, "the same facts are measured twice, and the figures differ.", "exactness")

    def test_hostile_answers_hurt_nothing(self) -> None:
        for word in WORDS:
            self.measured(FULL, self.answers(word))

    def test_the_report_is_data(self) -> None:
        for facts, answers in ((EMPTY, []), (FULL, self.answers())):
            values = self.measured(facts, answers)
            try:
                report = self.one.report(self.context(), values, answers)
            except Exception as error:  # noqa: BLE001  # an author reads what it was
                self.need(False, f"`report` raised {named(error)}.")
            self.need(
                isinstance(report, ReportSpec) and report.title.en, "`report` answers no ReportSpec with a title."
            )
            both_languages(report, "the report", "languages")
            for section in report.sections:
                for table in section.tables:
                    even = all(len(row) == len(table.columns) for row in table.rows)
                    self.need(even, f"a table of the report, {table.title.en!r}, has uneven rows.", "accessibility")
                    self.need(table.title.en, "a table of the report has no title.", "accessibility")

    def test_figures_about_people_say_about_how_many(self) -> None:
        """The core suppresses small numbers, and can do so only where it is told."""
        values = self.measured(FULL, self.answers())
        counted = {value.code: value.people for value in values if value.people is not None}
        defined = {one.code: one.suppress_below for one in self.one.indicators(self.settings)}
        open_ones = [
            value.code
            for value in values
            if defined.get(value.code) and value.code not in counted and not value.missing.en
        ]
        self.need(
            not open_ones, f"{open_ones[:3]} are to be suppressed when small, and do not say `people`.", "privacy"
        )
        bars: list[Cell] = [
            cell
            for section in self.one.report(self.context(), values, self.answers()).sections
            for chart in section.charts
            for _, cell in chart.bars
        ]
        self.need(all(isinstance(cell, Cell) for cell in bars), "a chart holds something else than cells.")
