"""Frameworks as modules: what is asked, what follows from facts and answers, and how it is laid out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, field_validator
from pydantic import Field as Setting

from plugins.api import (
    Answer,
    Audience,
    Cell,
    Chart,
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
from plugins.bundled.evaluation_frameworks.measuring import CHARTER, NATIONAL, rated, surveyed

KEEP_DAYS = 5 * 365
NO_ANSWERS = Text("Nobody has been asked yet.", "Cha deach faighneachd de dhuine fhathast.")
RATINGS: tuple[tuple[str, Text], ...] = (
    ("6", Text("6 – excellent", "6 – sàr-mhath")),
    ("5", Text("5 – very good", "5 – glè mhath")),
    ("4", Text("4 – good", "4 – math")),
    ("3", Text("3 – satisfactory", "3 – riarachail")),
    ("2", Text("2 – weak", "2 – lag")),
    ("1", Text("1 – unsatisfactory", "1 – mì-riarachail")),
)
YES_NO: tuple[tuple[str, Text], ...] = (
    ("yes", Text("Yes", "Tha / ’S e")),
    ("no", Text("No", "Chan eil / Chan e")),
    ("unsaid", Text("I would rather not say", "B’ fheàrr leam gun a ràdh")),
)
AGREE: tuple[tuple[str, Text], ...] = (
    ("agree-strongly", Text("I agree strongly", "Tha mi ag aontachadh gu làidir")),
    ("agree", Text("I agree", "Tha mi ag aontachadh")),
    ("neither", Text("I neither agree nor disagree", "Chan eil mi ag aontachadh no ag eas-aontachadh")),
    ("disagree", Text("I disagree", "Tha mi ag eas-aontachadh")),
    ("disagree-strongly", Text("I disagree strongly", "Tha mi ag eas-aontachadh gu làidir")),
)
CHOICES: Mapping[str, tuple[tuple[str, Text], ...]] = {"rating": RATINGS, "yes-no": YES_NO, "agree": AGREE}
APART = frozenset({Audience.ORGANISER, Audience.FUNDER})
"""Who answers for the work: their rating is about the round and not about them."""
SHOWS_IT = "-shows"
MOMENTS: Mapping[Moment, str] = {
    Moment.BEFORE: "before the round",
    Moment.AFTER_VOTING: "once people have voted",
    Moment.AT_CLOSE: "at the end",
    Moment.AT_12_MONTHS: "a year later",
}


class FrameworkSettings(BaseModel):
    """How large the round is: it chooses the questions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: Literal["tiny", "small", "large", "mainstream"] = Setting(default="small", title="Size of the round")


def _questions_named(schema: dict[str, Any], settings: type[PickSettings]) -> None:
    """The form shows each question in words, with its moment where a framework asks at several."""
    asked = framework(settings.about).questions
    several = len({one.moment for one in asked}) > 1
    labels = {one.key: f"{one.text.en} ({MOMENTS[one.moment]})" if several else one.text.en for one in asked}
    schema["properties"]["questions"] |= {"items": {"type": "string", "enum": list(labels)}, "labels": labels}


class PickSettings(FrameworkSettings):
    """Pick and mix (R-122): questions one by one, whatever the size of the round."""

    model_config = ConfigDict(json_schema_extra=_questions_named)

    about: ClassVar[str]
    questions: tuple[str, ...] = Setting(
        default=(),
        max_length=200,
        title="Questions to ask",
        description="Tick those you want. Tick none to ask all that suit the size of the round.",
    )

    @field_validator("questions")
    @classmethod
    def known(cls, chosen: tuple[str, ...]) -> tuple[str, ...]:
        strange = sorted(set(chosen) - {one.key for one in framework(cls.about).questions})
        if strange:
            raise ValueError(f"There is no question {', '.join(strange)} in this framework.")
        return chosen


class ToolkitSettings(PickSettings):
    about: ClassVar[str] = "glasgow-toolkit"


class CharterSettings(PickSettings):
    about: ClassVar[str] = CHARTER


def _asked(questions: Sequence[Question], settings: Any) -> list[Question]:
    """The questions of a round: those that were picked, or those of its size."""
    picked = frozenset(getattr(settings, "questions", ()))
    size = getattr(settings, "size", "mainstream")
    return [one for one in questions if (one.key in picked if picked else size in one.sizes)]


class _OfFramework(EvaluationModule):
    """What every framework does alike: ask its questions, average their ratings exactly, lay out its sections."""

    Settings = FrameworkSettings
    is_core: ClassVar[bool] = False

    @cached_property
    def framework(self) -> Framework:
        return framework(self.key)

    def instruments(self, settings: Any) -> Sequence[Instrument]:
        """One sheet for each audience and moment that has questions for this round."""
        sheets: dict[tuple[Audience, Moment], list[Question]] = {}
        for one in _asked(self.framework.questions, settings):
            sheets.setdefault((one.audience, one.moment), []).append(one)
        return [
            Instrument(
                key=f"{self.key}-{audience.value}-{moment.value}".replace("_", "-"),
                title=self.framework.title.text(),
                form=FormSpec(
                    title=self.framework.title.text(),
                    intro=INTRO.get(audience, Text("", "")),
                    fields=tuple(field for one in questions for field in _fields(one)),
                    submit=Text("Send", "Cuir") if audience not in TEAM else Text("Save", "Sàbhail"),
                ),
                audience=audience,
                moment=moment,
                keep_days=KEEP_DAYS,
            )
            for (audience, moment), questions in sheets.items()
        ]

    def indicators(self, settings: Any) -> Sequence[Indicator]:
        rated = [one for one in self.framework.questions if one.kind == "rating" and not one.indicator]
        return [*(self._indicator(one) for one in self.framework.indicators), *(_rated(one) for one in rated)]

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
            ratings, agreed = rated(one.key, answers)
            if not ratings:
                found.append(IndicatorValue(one.key, missing=NO_ANSWERS))
                continue
            people = None if agreed or one.audience in APART else len(ratings)
            found.append(IndicatorValue(one.key, sum(ratings), len(ratings), people=people))
        return found

    def report(self, context: PluginContext, values: Sequence[IndicatorValue], answers: Sequence[Answer]) -> ReportSpec:
        by_code = {one.code: one for one in values}
        chosen = _asked(self.framework.questions, context.settings)
        sections, bars = [], []
        for part in self.framework.sections:
            asked = [one for one in chosen if one.section == part.key]
            rows = tuple((Cell(one.text.text()), _cell(by_code.get(one.key), Unit.SCORE)) for one in asked)
            if rows:
                columns = (Text("Question", "Ceist"), Text("Rating, 1 to 6", "Rangachadh, 1 gu 6"))
                sections.append(Section(part.title.text(), tables=(Table(part.title.text(), columns, rows),)))
            bars += [(part.title.text(), mean) for mean in [_mean([by_code.get(one.key) for one in asked])] if mean]
        if len(bars) > 1:
            charts = (Chart(Text("Mean rating", "Rangachadh cuibheasach"), Unit.SCORE, tuple(bars)),)
            sections.insert(0, Section(Text("At a glance", "Ann an sealladh"), charts=charts))
        note = (self.framework.note.text(),) if self.framework.note else ()
        return ReportSpec(
            self.framework.title.text(),
            (*([Section(Text("About this", "Mu dheidhinn"), note)] if note else []), *sections),
            {"version": self.framework.version},
        )


TEAM = frozenset({Audience.ORGANISER, Audience.STEERING_MEMBER, Audience.FUNDER})
INTRO: Mapping[Audience, Text] = {
    Audience.PARTICIPANT: Text(
        "It takes about two minutes. Nobody learns who answered, and you can leave any question out.",
        "Bheir e mu dhà mhionaid. Chan fhaigh duine a-mach cò fhreagair, agus faodaidh tu ceist sam bith fhàgail às.",
    )
}


def _rated(one: Question) -> Indicator:
    """A rated question as the figure its answers make."""
    return Indicator(
        code=one.key,
        title=one.text.text(),
        definition=Text("The mean of the ratings given, from 1 to 6.", "Cuibheas nan rangachaidhean, bho 1 gu 6."),
        unit=Unit.SCORE,
        numerator=Text("Sum of the ratings", "Suim nan rangachaidhean"),
        denominator=Text("Answers", "Freagairtean"),
    )


def _fields(one: Question) -> list[Field]:
    """A question, and beside a rating the words that show it where the framework asks for them."""
    if one.kind == "text":
        return [Field(one.key, "text", one.text.text(), required=False)]
    found = [Field(one.key, "choice", one.text.text(), choices=CHOICES[one.kind], required=False)]
    if one.evidence:
        found.append(Field(f"{one.key}{SHOWS_IT}", "text", one.evidence.text(), one.text.text(), required=False))
    return found


def _mean(values: Sequence[IndicatorValue | None]) -> Cell | None:
    """The mean of the ratings of a section, over all its answers; None where none was given."""
    given = [one for one in values if one is not None and one.value is not None]
    if not given:
        return None
    people = [one.people for one in given if one.people is not None]
    total, number = sum(one.numerator for one in given), sum(one.denominator or 0 for one in given)
    return Cell(value=Fraction(total, number), unit=Unit.SCORE, people=min(people) if people else None)


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
        own = [answer for answer in answers if answer.instrument.startswith(f"{self.key}-")]
        found: list[IndicatorValue] = []
        for one in self.framework.indicators:
            asked = [question.key for question in self.framework.questions if question.indicator == one.code]
            found += surveyed(one.code, asked, own) if asked else NATIONAL[one.code](one.code, facts, answers)
        return found

    def report(self, context: PluginContext, values: Sequence[IndicatorValue], answers: Sequence[Answer]) -> ReportSpec:
        known = {one.code: one for one in self.framework.indicators}
        features = {one.key: one.title.text() for one in framework(CHARTER).sections}
        groups = {**GROUPS, **features, **{one.key: one.text.text() for one in self.framework.questions}}
        columns = (Text("Figure", "Figear"), Text("Value", "Luach"), Text("Out of", "A-mach à"), Text("Source", "Tùs"))
        sections = []
        for part in self.framework.sections:
            rows = []
            for value in values:
                one = known.get(value.code)
                if one is None or one.section != part.key:
                    continue
                heading = one.title.text()
                detail = groups.get(value.group or value.channel)
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
    Settings = ToolkitSettings
    description: ClassVar[Text] = Text(
        "Self-evaluation along the questions of Glasgow's toolkit, chosen by the size of the round.",
        "Fèin-mheasadh a rèir ceistean inneal Ghlaschu, air an taghadh a rèir meud na cuairte.",
    )


class CharterCheck(_OfFramework):
    key: ClassVar[str] = "charter-check"
    label: ClassVar[Text] = Text("Charter self-check", "Fèin-sgrùdadh na Cairte")
    Settings = CharterSettings
    description: ClassVar[Text] = Text(
        "How well the round keeps the seven features of Scotland's charter for participatory budgeting.",
        "Dè cho math ’s a chumas a’ chuairt ri seachd feartan na Cairte airson buidseatadh com-pàirteachail.",
    )
