"""Frameworks as modules: what is asked, what follows from facts and answers, and how it is laid out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Setting

from plugins.api import (
    Answer,
    Audience,
    Cell,
    EvaluationModule,
    Field,
    FormSpec,
    Indicator,
    IndicatorValue,
    Instrument,
    Moment,
    PluginContext,
    ReportSpec,
    RoundFacts,
    Section,
    Table,
    Text,
    Unit,
)
from plugins.bundled.evaluation_frameworks.framework import Framework, Measure, Question, framework
from plugins.bundled.evaluation_frameworks.measuring import NATIONAL

KEEP_DAYS = 5 * 365
LOWEST, HIGHEST = 1, 6
NO_ANSWERS = Text("Nobody has been asked yet.", "Cha deach faighneachd de dhuine fhathast.")
RATINGS: tuple[tuple[str, Text], ...] = (
    ("6", Text("6 – excellent", "6 – sàr-mhath")),
    ("5", Text("5 – very good", "5 – glè mhath")),
    ("4", Text("4 – good", "4 – math")),
    ("3", Text("3 – satisfactory", "3 – riarachail")),
    ("2", Text("2 – weak", "2 – lag")),
    ("1", Text("1 – unsatisfactory", "1 – mì-riarachail")),
)


class FrameworkSettings(BaseModel):
    """How large the round is: it chooses the questions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: Literal["tiny", "small", "large", "mainstream"] = Setting(default="small", title="Size of the round")


class _OfFramework(EvaluationModule):
    """What every framework does alike: ask its questions, average their ratings exactly, lay out its sections."""

    Settings = FrameworkSettings
    is_core: ClassVar[bool] = False

    @cached_property
    def framework(self) -> Framework:
        return framework(self.key)

    def instruments(self, settings: Any) -> Sequence[Instrument]:
        """One sheet for each audience and moment that has questions of this size."""
        sheets: dict[tuple[Audience, Moment], list[Question]] = {}
        for one in self.framework.questions:
            if settings.size in one.sizes:
                sheets.setdefault((one.audience, one.moment), []).append(one)
        return [
            Instrument(
                key=f"{self.key}-{audience.value}-{moment.value}".replace("_", "-"),
                title=self.framework.title.text(),
                form=FormSpec(
                    title=self.framework.title.text(),
                    fields=tuple(
                        Field(
                            one.key,
                            "choice",
                            one.text.text(),
                            one.evidence.text() if one.evidence else Text("", ""),
                            RATINGS,
                            required=False,
                        )
                        for one in questions
                    ),
                    submit=Text("Save", "Sàbhail"),
                ),
                audience=audience,
                moment=moment,
                keep_days=KEEP_DAYS,
            )
            for (audience, moment), questions in sheets.items()
        ]

    def indicators(self, settings: Any) -> Sequence[Indicator]:
        return [self._indicator(one) for one in self.framework.indicators]

    def _indicator(self, one: Measure) -> Indicator:
        return Indicator(
            code=one.code,
            title=one.title.text(),
            definition=one.definition.text(),
            unit=one.unit,
            numerator=one.numerator.text(),
            denominator=one.denominator.text() if one.denominator else Text("", ""),
            method=one.source.text(),
            suppress_below=one.suppress_below,
            is_core=self.is_core,
            by_channel=one.by_channel,
        )

    def measure(self, context: PluginContext, facts: RoundFacts, answers: Sequence[Answer]) -> Sequence[IndicatorValue]:
        """The mean rating of each question over the answers that were agreed, else over all: sum and count apart."""
        found = []
        for one in self.framework.questions:
            mine = [answer for answer in answers if answer.question == one.key and _rating(answer.value)]
            agreed = [answer for answer in mine if answer.agreed] or mine
            if not agreed:
                found.append(IndicatorValue(one.key, missing=NO_ANSWERS))
                continue
            total = sum(_rating(answer.value) for answer in agreed)
            found.append(IndicatorValue(one.key, total, len(agreed)))
        return found

    def report(self, context: PluginContext, values: Sequence[IndicatorValue], answers: Sequence[Answer]) -> ReportSpec:
        by_code = {one.code: one for one in values}
        sections = []
        for part in self.framework.sections:
            rows = tuple(
                (Cell(one.text.text()), _cell(by_code.get(one.key), Unit.SCORE))
                for one in self.framework.questions
                if one.section == part.key
            )
            if rows:
                columns = (Text("Question", "Ceist"), Text("Rating, 1 to 6", "Rangachadh, 1 gu 6"))
                sections.append(Section(part.title.text(), tables=(Table(part.title.text(), columns, rows),)))
        note = (self.framework.note.text(),) if self.framework.note else ()
        return ReportSpec(
            self.framework.title.text(),
            (*([Section(Text("About this", "Mu dheidhinn"), note)] if note else []), *sections),
            {"version": self.framework.version},
        )


def _rating(value: str) -> int:
    return int(value) if value.isascii() and value.isdigit() and LOWEST <= int(value) <= HIGHEST else 0


def _cell(value: IndicatorValue | None, unit: Unit) -> Cell:
    if value is None:
        return Cell(Text("Not measured", "Gun tomhas"))
    if value.value is None:
        return Cell(value.missing)
    return Cell(value=value.value, unit=unit, people=value.people)


class NationalCore(_OfFramework):
    key: ClassVar[str] = "national-core"
    label: ClassVar[Text] = Text("National figures", "Figearan nàiseanta")
    description: ClassVar[Text] = Text(
        "The indicators that every round in Scotland reports, measured the same way everywhere.",
        "Na comharran a dh’aithriseas gach cuairt ann an Alba, air an tomhas san aon dòigh anns gach àite.",
    )
    is_core: ClassVar[bool] = True

    def measure(self, context: PluginContext, facts: RoundFacts, answers: Sequence[Answer]) -> Sequence[IndicatorValue]:
        return [value for one in self.framework.indicators for value in NATIONAL[one.code](one.code, facts, answers)]

    def report(self, context: PluginContext, values: Sequence[IndicatorValue], answers: Sequence[Answer]) -> ReportSpec:
        known = {one.code: one for one in self.framework.indicators}
        columns = (Text("Figure", "Figear"), Text("Value", "Luach"), Text("Out of", "A-mach à"), Text("Source", "Tùs"))
        sections = []
        for part in self.framework.sections:
            rows = []
            for value in values:
                one = known.get(value.code)
                if one is None or one.section != part.key:
                    continue
                heading = one.title.text()
                detail = GROUPS.get(value.group or value.channel)
                if detail is not None:
                    heading = Text(f"{heading.en}: {detail.en}", f"{heading.gd or heading.en}: {detail.gd}")
                elif value.group or value.channel:
                    word = value.group or value.channel
                    heading = Text(f"{heading.en}: {word}", f"{heading.gd or heading.en}: {word}")
                rows.append((Cell(heading), *_counted(value, one.unit), Cell(one.source.text())))
            sections.append(Section(part.title.text(), tables=(Table(part.title.text(), columns, tuple(rows)),)))
        return ReportSpec(self.framework.title.text(), tuple(sections), {"version": self.framework.version})


def _counted(value: IndicatorValue, unit: Unit) -> tuple[Cell, Cell]:
    """Numerator and denominator stand apart, so that nobody averages averages."""
    if value.missing.en:
        return Cell(value.missing), Cell()
    plain = Unit.COUNT if unit is Unit.SHARE else unit
    first = Cell(value=Fraction(value.numerator), unit=plain, people=value.people)
    if value.denominator is None:
        return first, Cell()
    return first, Cell(value=Fraction(value.denominator), unit=Unit.COUNT)


GROUPS: Mapping[str, Text] = {
    "on_ballot": Text("on the ballot", "air a’ bhaileat"),
    "withdrawn": Text("withdrawn", "air an toirt air ais"),
    "funded": Text("funded", "air am maoineachadh"),
    "rejected": Text("ballots not counted", "baileatan nach deach a chunntadh"),
    "published": Text("published", "foillsichte"),
    "unanswered": Text("questions without an answer", "ceistean gun fhreagairt"),
    "web": Text("on the web", "air an lìon"),
    "kiosk": Text("at a kiosk", "aig ciosg"),
    "paper_event": Text("on paper at an event", "air pàipear aig tachartas"),
    "paper_post": Text("on paper by post", "air pàipear tron phost"),
    "phone_assisted": Text("by telephone with help", "air a’ fòn le cuideachadh"),
    "school": Text("at school", "san sgoil"),
    "import": Text("from an earlier election", "bho thaghadh na bu tràithe"),
}


class GlasgowToolkit(_OfFramework):
    key: ClassVar[str] = "glasgow-toolkit"
    label: ClassVar[Text] = Text("Aim, planning, process, impact", "Amas, planadh, pròiseas, buaidh")
    description: ClassVar[Text] = Text(
        "Self-evaluation along the questions of Glasgow's toolkit, chosen by the size of the round.",
        "Fèin-mheasadh a rèir ceistean inneal Ghlaschu, air an taghadh a rèir meud na cuairte.",
    )


class CharterCheck(_OfFramework):
    key: ClassVar[str] = "charter-check"
    label: ClassVar[Text] = Text("Charter self-check", "Fèin-sgrùdadh na Cairte")
    description: ClassVar[Text] = Text(
        "How well the round keeps the seven features of Scotland's charter for participatory budgeting.",
        "Dè cho math ’s a chumas a’ chuairt ri seachd feartan na Cairte airson buidseatadh com-pàirteachail.",
    )
