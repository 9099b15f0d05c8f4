"""How a round is judged, while it runs and afterwards: what an evaluation module is and the values it speaks in.

"Evaluation" is evaluation of the process, as in Glasgow's toolkit and the national indicators; whether a proposal is
feasible is judged by the core. A module never sees an identity or a choice: it is given facts the core has counted.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Any

from plugins.api.kinds import Module, PluginContext
from plugins.api.text import NO_TEXT, Text
from plugins.api.values import FormSpec


class Audience(StrEnum):
    """Who is asked."""

    PARTICIPANT = "participant"
    NON_PARTICIPANT = "non_participant"
    ORGANISER = "organiser"
    STEERING_MEMBER = "steering_member"
    PROPOSER = "proposer"
    FUNDER = "funder"


class Moment(StrEnum):
    """When they are asked."""

    BEFORE = "before"
    AFTER_VOTING = "after_voting"
    AT_CLOSE = "at_close"
    AT_12_MONTHS = "at_12_months"


class Unit(StrEnum):
    """What a figure counts. Money is in pence; a share is a fraction of one."""

    COUNT = "count"
    PENCE = "pence"
    SHARE = "share"
    DAYS = "days"
    HOURS = "hours"
    SCORE = "score"
    YES_NO = "yes_no"


@dataclass(frozen=True, slots=True)
class Instrument:
    """A survey or a sheet for self-evaluation: the form, whom it is for, when, and how many days answers are kept."""

    key: str
    title: Text
    form: FormSpec
    audience: Audience
    moment: Moment
    keep_days: int
    individually: bool = True
    """Several people answer apart and then agree (R-124); where False, one sheet is filled in together."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """A defined measure. `suppress_below`: figures about fewer people than this are never shown (R-132)."""

    code: str
    title: Text
    definition: Text
    unit: Unit
    numerator: Text
    denominator: Text = NO_TEXT
    method: Text = NO_TEXT
    suppress_below: int = 0
    is_core: bool = False
    by_channel: bool = False


@dataclass(frozen=True, slots=True)
class IndicatorValue:
    """A measured figure: numerator and denominator apart, so that nobody averages averages (R-131).

    `people` is how many people the figure is about, for suppression; None where it is not about people. `missing`
    says in words why there is no figure yet, and then the numbers mean nothing.
    """

    code: str
    numerator: int = 0
    denominator: int | None = None
    channel: str = ""
    group: str = ""
    people: int | None = None
    missing: Text = NO_TEXT

    @property
    def value(self) -> Fraction | None:
        """The exact value, or None where nothing was measured or there is nothing to divide by."""
        if self.missing.en or self.denominator == 0:
            return None
        return Fraction(self.numerator, self.denominator or 1)


@dataclass(frozen=True, slots=True)
class MoneyFacts:
    """In pence. What the pots held, what the published allocation gives, and what stands in awards."""

    available: int = 0
    allocated: int = 0
    awarded: int = 0
    spent: int = 0


@dataclass(frozen=True, slots=True)
class BallotFacts:
    """After the close only. Counted ballots by channel and by rung, refused ones by reason, people on the roll."""

    valid: int = 0
    blank: int = 0
    by_channel: Mapping[str, int] = field(default_factory=dict)
    by_rung: Mapping[str, int] = field(default_factory=dict)
    rejected: Mapping[str, int] = field(default_factory=dict)
    entries: int = 0


@dataclass(frozen=True, slots=True)
class RoundFacts:
    """What the core tells an evaluation module of a round: counted and frozen, no identity, no choice.

    `activities` counts participants by activity and channel, as `ideas/web`; `proposals` counts them by state;
    `deliberation` sums the discussions; `clocks` are median working days; `eligible` is the estimated number of people
    who may vote and where the estimate is from; `efforts` are staff days, volunteer hours and pence.
    """

    round: str
    kind: str = ""
    state: str = ""
    is_practice: bool = False
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    money: MoneyFacts = MoneyFacts()
    ballots: BallotFacts | None = None
    activities: Mapping[str, int] = field(default_factory=dict)
    proposals: Mapping[str, int] = field(default_factory=dict)
    deliberation: Mapping[str, int] = field(default_factory=dict)
    clocks: Mapping[str, int] = field(default_factory=dict)
    milestones: Mapping[str, int] = field(default_factory=dict)
    efforts: Mapping[str, int] = field(default_factory=dict)
    events: Mapping[str, int] = field(default_factory=dict)
    organisations: Mapping[str, int] = field(default_factory=dict)
    eligible: int | None = None
    eligible_source: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to one question of an instrument, without who gave it: only as what they answered."""

    instrument: str
    question: str
    value: str
    audience: Audience
    agreed: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table: words, or a figure with the number of people it is about, which the core may suppress."""

    text: Text = NO_TEXT
    value: Fraction | None = None
    unit: Unit = Unit.COUNT
    people: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under named columns; the first cell of a row is its heading."""

    title: Text
    columns: tuple[Text, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: Text = NO_TEXT


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars as data. The core draws them and puts the same numbers into a table beside them."""

    title: Text
    unit: Unit
    bars: tuple[tuple[Text, Cell], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a report."""

    title: Text
    paragraphs: tuple[Text, ...] = ()
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()


@dataclass(frozen=True, slots=True)
class ReportSpec:
    """A report as data: the core suppresses small numbers, then renders it as a page and as a PDF."""

    title: Text
    sections: tuple[Section, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)


class EvaluationModule(Module):
    """Asks, measures and reports. Frameworks are versioned data; the module is how they are asked and shown."""

    @abstractmethod
    def instruments(self, settings: Any) -> Sequence[Instrument]:
        """What is asked of whom and when."""

    @abstractmethod
    def indicators(self, settings: Any) -> Sequence[Indicator]:
        """What is measured, each defined."""

    @abstractmethod
    def measure(self, context: PluginContext, facts: RoundFacts, answers: Sequence[Answer]) -> Sequence[IndicatorValue]:
        """The figures that follow from the facts and the answers, and from nothing else."""

    @abstractmethod
    def report(self, context: PluginContext, values: Sequence[IndicatorValue], answers: Sequence[Answer]) -> ReportSpec:
        """The report, with figures not yet suppressed: nobody sees it before the core has done that."""
