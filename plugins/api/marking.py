"""A base for formats in which each project carries at most one mark: a tick, points, a score, a place or a grade.

What is the same for all of them stands here: reading a posted form without trusting it, refusing strangers and
doubles, sealing and restoring, the page, the paper and what a kiosk checks. A format names its mark, its words and
its rule. `MarkFormat` leaves open how marks are posted; `ValueFormat` has one field for each project. For ticks see
`plugins.api.choosing`, for a ballot of several areas `plugins.api.areas`.
"""

from __future__ import annotations

import json
import re
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from plugins.api.errors import BallotInvalid
from plugins.api.kinds import BallotFormat, Raw
from plugins.api.money import Money
from plugins.api.text import NO_TEXT, Text
from plugins.api.values import (
    Ballot,
    Constraints,
    Line,
    Mark,
    Offer,
    PaperLayout,
    Problem,
    Project,
    ProjectRef,
    TemplateRef,
)

Marks = Mapping[ProjectRef, int]
Pairs = Sequence[tuple[ProjectRef, int]]

PAGE = "plugin_host/ballot.html"
RULES = "plugin_host/ballot_rules.html"
LONGEST = 262_144
"""No sealed ballot is longer, in bytes: 500 projects with references of 24 characters of any script take less."""
WHOLE = re.compile(r"[0-9]{1,6}", re.ASCII)

UNKNOWN = Text(
    "One of the projects on your ballot is not part of this vote. Look at your choices again.",
    "Chan eil fear de na pròiseactan air a’ phàipear-bhòtaidh agad mar phàirt den bhòt seo. "
    "Thoir sùil eile air na thagh thu.",
)
DUPLICATE = Text(
    "A project stands on your ballot twice. Each project can be chosen once.",
    "Tha pròiseact air a’ phàipear-bhòtaidh agad dà thuras. Faodar gach pròiseact a thaghadh aon turas.",
)
MALFORMED = Text(
    "We could not read this ballot. Go back and choose your projects again.",
    "Cha b’ urrainn dhuinn am pàipear-bhòtaidh seo a leughadh. Till agus tagh na pròiseactan agad a-rithist.",
)
NO_PROJECTS = Text(
    "There is no project to vote on. Add at least one.",
    "Chan eil pròiseact ann airson bhòtadh air. Cuir ris co-dhiù aon.",
)
MORE_THAN_OFFERED = Text(
    "A ballot needs {needed} projects, but only {count} are offered. Ask for fewer or add projects.",
    "Feumaidh pàipear-bhòtaidh {needed} de phròiseactan, ach chan eil ach {count} gan tairgsinn. "
    "Iarr nas lugha no cuir pròiseactan ris.",
)
PROJECTS = Text("The projects", "Na pròiseactan")


def malformed() -> BallotInvalid:
    return BallotInvalid([Problem("ballot.malformed", MALFORMED)])


def about(text: Text, project: Project, **values: object) -> Text:
    """A sentence with `{project}` in it, about this project, in both languages."""
    en, gd = project.title.get("en"), project.title.get("gd")
    return Text(text.en.format(project=en, **values), text.gd.format(project=gd, **values))


def as_is(text: str) -> Text:
    """Something that reads the same in both languages, such as an amount."""
    return Text(text, text)


def cost_of(marks: Iterable[ProjectRef], offer: Offer) -> Money:
    """What the marked projects cost together."""
    marked = set(marks)
    return sum((one.cost for one in offer.projects if one.ref in marked), Money(0, offer.budget.currency))


def fields_of(raw: Any) -> Mapping[str, Sequence[str]]:
    """A posted form, or BallotInvalid unless it is names with lists of words."""
    if not isinstance(raw, Mapping) or not all(isinstance(name, str) for name in raw):
        raise malformed()
    return raw


def words_in(raw: Mapping[str, Any], name: str) -> list[str]:
    """The values of one field that are not empty. Raises BallotInvalid unless they are a list of words."""
    values = raw.get(name, ())
    if not isinstance(values, (list, tuple)) or not all(isinstance(value, str) for value in values):
        raise malformed()
    return [value for value in values if value.strip()]


class MarkFormat(BallotFormat):
    """Each project carries at most one mark, a whole number; the order of marking means nothing unless `ordered`."""

    mark: ClassVar[Mark]
    fields: ClassVar[str]
    """The template that draws the fields of `rows`; it is given them as `sheet.rows`."""
    ordered: ClassVar[bool] = False
    anchor: ClassVar[str] = ""
    """The path of problems that concern no single project: the id of the group of fields."""

    # What a format says.

    @abstractmethod
    def rules(self, offer: Offer, settings: Any) -> tuple[Text, ...]:
        """The rules of the ballot, a sentence or two each."""

    @abstractmethod
    def posted(self, raw: Raw, offer: Offer) -> tuple[list[tuple[ProjectRef, int]], list[Problem]]:
        """The marks in a posted form, doubles and strangers included, and which fields could not be read."""

    @abstractmethod
    def judge(self, marks: Marks, offer: Offer, settings: Any) -> list[Problem]:
        """What is wrong with these marks of offered projects."""

    @abstractmethod
    def so_far(self, marks: Marks, offer: Offer, settings: Any) -> Text:
        """The running total in a sentence, whether or not the ballot is complete."""

    @abstractmethod
    def row(self, project: Project, raw: Raw, offer: Offer, settings: Any) -> Mapping[str, Any]:
        """What the template needs to draw this project's field with what was filled in."""

    @abstractmethod
    def told(self, value: int, cost: str, labels: tuple[Text, ...]) -> Text:
        """A mark as the voter reads it back, beside the project's title."""

    def unfit(self, offer: Offer, settings: Any) -> list[Problem]:
        """Settings that no ballot of this offer could keep. The offer has at least one project."""
        return []

    def meter(self, marks: Marks, offer: Offer, settings: Any) -> tuple[int, int] | None:
        """How much is used of how much, to be drawn as a bar; None where there is no such thing."""
        return None

    def labels(self, settings: Any) -> tuple[Text, ...]:
        """What each number is called, from 0, where it has a name."""
        return ()

    def written(self, marks: Marks, settings: Any) -> Pairs:
        """The marks as they are sealed: project and points."""
        return sorted(marks.items())

    def unwritten(self, pairs: Pairs, settings: Any) -> Pairs:
        """The marks in what was sealed; raises BallotInvalid for what `written` would not write."""
        return pairs

    # What the contract asks.

    def check(self, offer: Offer, settings: Any) -> list[Problem]:
        problems = []
        if not offer.projects:
            problems.append(Problem("offer.no_projects", NO_PROJECTS))
        if len({project.ref for project in offer.projects}) < len(offer.projects):
            problems.append(Problem("offer.duplicate", DUPLICATE))
        return problems + (self.unfit(offer, settings) if offer.projects else [])

    def instructions(self, offer: Offer, settings: Any) -> TemplateRef:
        return TemplateRef(RULES, {"rules": self.rules(offer, settings)})

    def form(self, offer: Offer, settings: Any, draft: Raw) -> TemplateRef:
        marks = self.marked(draft, offer)
        return TemplateRef(
            PAGE,
            {
                "sheets": [self.sheet(offer, settings, draft, PROJECTS)],
                "chosen": [self.so_far(marks, offer, settings)],
                "meter": self.meter(marks, offer, settings),
            },
        )

    def sheet(self, offer: Offer, settings: Any, draft: Raw, heading: Text, number: int = 1) -> Mapping[str, Any]:
        """The fields of some projects under a heading, for the page."""
        return {
            "id": f"sheet-{number}",
            "anchor": self.anchor if number == 1 else "",
            "heading": heading,
            "rules": self.rules(offer, settings),
            "fields": self.fields,
            "rows": [self.row(project, draft, offer, settings) for project in offer.projects],
        }

    def marked(self, draft: Raw, offer: Offer) -> dict[ProjectRef, int]:
        """As many marks of a form that is being filled in as can be read."""
        try:
            pairs, _ = self.posted(draft, offer)
        except BallotInvalid:
            return {}
        known = {project.ref for project in offer.projects}
        return {ref: value for ref, value in pairs if ref in known}

    def parse(self, raw: Raw | Ballot, offer: Offer, settings: Any) -> Ballot:
        pairs, problems = self.pairs(raw, offer, settings)
        marks = dict(pairs)
        if marks or not problems:
            problems += self.judge(marks, offer, settings)
        if problems:
            raise BallotInvalid(problems)
        return self.sealed(self.written(marks, settings), settings)

    def pairs(self, raw: Raw | Ballot, offer: Offer, settings: Any) -> tuple[Pairs, list[Problem]]:
        """The marks of a posted form or a ballot, those of offered projects, and what is wrong with the others."""
        found: Pairs
        problems: list[Problem] = []
        if isinstance(raw, Ballot):
            found = self.unwritten(self.pairs_of(raw), settings)
        else:
            found, problems = self.posted(raw, offer)
        known = {project.ref for project in offer.projects}
        if any(ref not in known for ref, _ in found):
            problems.append(Problem("ballot.unknown_project", UNKNOWN, self.anchor))
        if len({ref for ref, _ in found}) < len(found):
            problems.append(Problem("ballot.duplicate", DUPLICATE, self.anchor))
        return [(ref, value) for ref, value in found if ref in known], problems

    def pairs_of(self, ballot: Ballot) -> Pairs:
        """Project and points of a ballot; a tick is one point. Raises BallotInvalid unless it is one of ours."""
        points = ballot.points or (1,) * len(ballot.choices) if self.mark is Mark.TICK else ballot.points
        sound = (
            ballot.format == self.key
            and isinstance(ballot.choices, tuple)
            and isinstance(points, tuple)
            and len(points) == len(ballot.choices)
            and all(isinstance(ref, str) for ref in ballot.choices)
            and all(type(value) is int and 0 <= value < 10**6 for value in points)
            and not (self.mark is Mark.TICK and ballot.points)
        )
        if not sound:
            raise malformed()
        return list(zip(ballot.choices, points, strict=True))

    def sealed(self, pairs: Pairs, settings: Any) -> Ballot:
        points = () if self.mark is Mark.TICK else tuple(value for _, value in pairs)
        return Ballot(self.key, tuple(ref for ref, _ in pairs), points, self.labels(settings))

    def canonical(self, ballot: Ballot) -> bytes:
        return self.bytes_of(self.pairs_of(ballot), self.key)

    def bytes_of(self, pairs: Pairs, key: str) -> bytes:
        """The one way of writing these marks down, as a ballot of the format `key`."""
        written = pairs if self.ordered else sorted(pairs)
        document: dict[str, Any] = {"choices": [ref for ref, _ in written], "format": key}
        if self.mark is not Mark.TICK:
            document["points"] = [value for _, value in written]
        return json.dumps(document, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode("ascii")

    def restore(self, data: bytes) -> Ballot:
        return self.read(data, self.key)

    def read(self, data: bytes, key: str) -> Ballot:
        """The ballot in bytes of the format `key`. Raises BallotInvalid unless `bytes_of` would write the same."""
        if len(data) > LONGEST:
            raise malformed()
        try:
            document = json.loads(data.decode("ascii"))
        except (ValueError, AttributeError, RecursionError) as error:
            raise malformed() from error
        fields = {"choices", "format"} if self.mark is Mark.TICK else {"choices", "format", "points"}
        if not isinstance(document, dict) or document.keys() != fields:
            raise malformed()
        choices, points = document["choices"], document.get("points", [])
        if not isinstance(choices, list) or not isinstance(points, list):
            raise malformed()
        pairs = self.pairs_of(Ballot(self.key, tuple(choices), tuple(points)))
        if len({ref for ref, _ in pairs}) < len(pairs) or self.bytes_of(pairs, key) != data:
            raise malformed()
        return Ballot(key, tuple(choices), tuple(points))

    def paper(self, offer: Offer, settings: Any) -> PaperLayout:
        lines = tuple(Line(project.title, as_is(project.cost.format())) for project in offer.projects)
        return PaperLayout(
            title=self.label,
            instructions=self.rules(offer, settings),
            lines=lines,
            mark=self.mark,
            refs=tuple(project.ref for project in offer.projects),
            boxes_per_line=max(1, len(self.heads(settings))),
            heads=self.heads(settings),
        )

    def heads(self, settings: Any) -> tuple[Text, ...]:
        """The names of the boxes of a printed line, from left to right."""
        return ()

    def constraints(self, offer: Offer, settings: Any) -> Constraints:
        return Constraints(
            refs=tuple(project.ref for project in offer.projects),
            costs=tuple(project.cost.minor for project in offer.projects),
            mark=self.mark,
            **self.bounds(offer, settings),
        )

    @abstractmethod
    def bounds(self, offer: Offer, settings: Any) -> dict[str, Any]:
        """`minimum`, `maximum` and whatever else of Constraints the rule of this format needs."""

    def scores(self, ballot: Ballot, offer: Offer) -> Mapping[ProjectRef, int]:
        return {ref: value for ref, value in self.pairs_of(ballot) if value}

    def summary(self, ballot: Ballot, offer: Offer) -> Sequence[Line]:
        """In the order of the offer, those with most points first where there are points."""
        given = dict(self.pairs_of(ballot))
        marked = [project for project in offer.projects if project.ref in given]
        if self.mark is not Mark.TICK:
            marked.sort(key=lambda project: -given[project.ref])
        return [
            Line(project.title, self.told(given[project.ref], project.cost.format(), ballot.labels))
            for project in marked
        ]


class ValueFormat(MarkFormat):
    """One field for each project, named after it, with a whole number in it; an empty field is no mark."""

    prefix: ClassVar[str]
    zero: ClassVar[bool] = True
    """Whether 0 is a mark of its own, or the same as an empty field."""
    not_read: ClassVar[Text]
    """What to say of a field that holds something else; names the `{project}`."""

    def name(self, ref: ProjectRef) -> str:
        return self.prefix + ref

    def posted(self, raw: Raw, offer: Offer) -> tuple[list[tuple[ProjectRef, int]], list[Problem]]:
        fields, problems = fields_of(raw), []
        by_name = {self.name(project.ref): project for project in offer.projects}
        pairs: list[tuple[ProjectRef, int]] = []
        for field in fields:
            if not field.startswith(self.prefix):
                continue
            values, project = words_in(fields, field), by_name.get(field)
            if values and project is None:
                pairs.append((field.removeprefix(self.prefix), 0))
            elif len(values) > 1:
                problems.append(Problem("ballot.duplicate", DUPLICATE, field))
            elif values and project is not None:
                text = values[0].strip()
                if not WHOLE.fullmatch(text):
                    problems.append(Problem("ballot.not_a_number", about(self.not_read, project), field))
                elif self.zero or int(text):
                    pairs.append((project.ref, int(text)))
        return pairs, problems

    def row(self, project: Project, raw: Raw, offer: Offer, settings: Any) -> Mapping[str, Any]:
        name = self.name(project.ref)
        values = words_in(raw, name)
        one = Offer(offer.round, offer.budget, (project,))
        read, problems = self.posted({name: values}, one)
        problems += [problem for ref, value in read for problem in self.judge_one(project, value, settings)]
        return {
            "id": name,
            "name": name,
            "ref": project.ref,
            "title": project.title,
            "cost": project.cost.format(),
            "value": values[0] if values else "",
            "problem": problems[0].message if problems else NO_TEXT,
        }

    def judge_one(self, project: Project, value: int, settings: Any) -> list[Problem]:
        """What is wrong with this mark of this project, whatever the others are."""
        return []

    def judge_each(self, marks: Marks, offer: Offer, settings: Any) -> list[Problem]:
        return [
            problem
            for project in offer.projects
            if project.ref in marks
            for problem in self.judge_one(project, marks[project.ref], settings)
        ]

    def draft(self, ballot: Ballot) -> Raw:
        return {self.name(ref): [str(value)] for ref, value in self.pairs_of(ballot)}
