"""The frozen values that pass between the core and a module. No models, no Django."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from plugins.api.money import Money
from plugins.api.text import NO_TEXT, LocalisedText, Text

ProjectRef = str


class BallotFamily(StrEnum):
    """The families of ballots (Pabulib's words)."""

    APPROVAL = "approval"
    CARDINAL = "cardinal"
    CUMULATIVE = "cumulative"
    ORDINAL = "ordinal"


class Mark(StrEnum):
    """What a voter gives a project on a ballot, as a whole number.

    A tick is 1. Points and scores are themselves. A place is 1 for the favourite, and each place is given once. A
    grade is its number from the worst, which is 0.
    """

    TICK = "tick"
    POINTS = "points"
    SCORE = "score"
    PLACE = "place"
    GRADE = "grade"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not right: a stable code, a plain sentence, and where it is.

    In a ballot `path` is the name of the field that has to be put right, which is also the id of that field in the
    form, so that a page can lead there; empty for the ballot as a whole.
    """

    code: str
    message: Text
    path: str = ""


@dataclass(frozen=True, slots=True)
class SubjectRef:
    """A thing of the core, by kind and identifier."""

    kind: str
    uuid: str


@dataclass(frozen=True, slots=True)
class Project:
    """A project on a ballot. `cost` in pence; `area` and `categories` are codes.

    `minimum` is the least its proposer could begin with, where they would take a part of the cost. Of the projects
    that share one of their `groups` only one can be funded.
    """

    ref: ProjectRef
    title: LocalisedText
    cost: Money
    area: str = ""
    categories: tuple[str, ...] = ()
    minimum: Money | None = None
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pot:
    """Money that is decided by itself: that of one area, or with an empty `area` that of everywhere."""

    area: str
    budget: Money


@dataclass(frozen=True, slots=True)
class Sheet:
    """Projects that are decided together: a part of a ballot with its own pot, counted by itself.

    `area` is empty for projects of everywhere. `budget` is None where the offer does not say which money is whose.
    """

    area: str
    refs: tuple[ProjectRef, ...]
    budget: Money | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """What voters choose from: frozen when voting opens, `digest` is then its published SHA-256.

    `budget` is all the money. `pots` says how it is split, where areas have money of their own.
    """

    round: str
    budget: Money
    projects: tuple[Project, ...]
    areas: tuple[str, ...] = ()
    digest: str = ""
    pots: tuple[Pot, ...] = ()

    def pot(self, area: str) -> Money | None:
        """The money of an area, or of everywhere; None where the offer does not split its money so."""
        return next((one.budget for one in self.pots if one.area == area), None)

    def instance(self) -> Instance:
        """What a rule is given of this offer."""
        return Instance(
            budget=self.budget.minor,
            candidates=tuple(
                Candidate(
                    ref=project.ref,
                    cost=project.cost.minor,
                    area=project.area,
                    categories=project.categories,
                    minimum=None if project.minimum is None else project.minimum.minor,
                    groups=project.groups,
                )
                for project in self.projects
            ),
            currency=self.budget.currency,
        )

    def project(self, ref: ProjectRef) -> Project | None:
        return next((project for project in self.projects if project.ref == ref), None)


@dataclass(frozen=True, slots=True)
class TemplateRef:
    """A template of the module's own folder, or one the host publishes, and the plain values it needs.

    A template may load the tag library `ui`, whose filter `words` shows a Text in the page's language, and may load
    its own static files by `<script src defer>` and `<link rel="stylesheet">`. Nothing inline runs on a page.
    """

    name: str
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Field:
    """One question of a form: `kind` is text, email, code, number, choice or checkbox."""

    name: str
    kind: str
    label: Text
    hint: Text = NO_TEXT
    choices: tuple[tuple[str, Text], ...] = ()
    required: bool = True
    autocomplete: str = ""


@dataclass(frozen=True, slots=True)
class FormSpec:
    """A form as data; the core draws it, so that every form looks and works alike."""

    title: Text
    fields: tuple[Field, ...]
    submit: Text
    intro: Text = NO_TEXT
    step: str = ""


@dataclass(frozen=True, slots=True)
class Redirect:
    """Send the voter elsewhere. `to` is a word the core knows (`sign-in`), never an address."""

    to: str


@dataclass(frozen=True, slots=True)
class RollKey:
    """A value by which one person is found again, within a namespace (email, person, card …)."""

    namespace: str
    value: str


@dataclass(frozen=True, slots=True)
class Proof:
    """A right to vote that was proved at a rung of the ladder (E0 to E4). A shared key is the same person."""

    roll_keys: tuple[RollKey, ...]
    rung: str
    claims: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a ballot as the voter reads it back."""

    title: LocalisedText
    detail: Text = NO_TEXT


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a decision, in words that name the numbers. `project` is empty for a general remark."""

    project: ProjectRef
    funded: bool
    sentence: Text
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tie:
    """Projects that stood equal and how it was decided: by the order committed before voting opened.

    `chosen` is empty where the rule stopped at the tie instead.
    """

    projects: tuple[ProjectRef, ...]
    chosen: ProjectRef
    at: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule decided. Amounts in minor units; `allocation` in order of purchase.

    `amounts` names what funded projects get where that is not their cost. `reserve` holds the projects that follow if
    a funded one falls away, the first first.
    """

    allocation: tuple[ProjectRef, ...]
    spent: int
    remaining: int
    steps: tuple[Step, ...]
    ties: tuple[Tie, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    amounts: Mapping[ProjectRef, int] = field(default_factory=dict)
    reserve: tuple[ProjectRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A project as a rule sees it: cost in minor units and nothing that could sway a tie.

    `minimum` and `groups` are those of the project.
    """

    ref: ProjectRef
    cost: int
    area: str = ""
    categories: tuple[str, ...] = ()
    minimum: int | None = None
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Instance:
    """What a rule decides on: a budget in minor units and the candidates, in the offer's order."""

    budget: int
    candidates: tuple[Candidate, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)
    currency: str = "GBP"
    digits: int = 2

    def amount(self, minor: int) -> str:
        """An amount as people read it. `digits` of the minor unit are behind the point: 2 for pence."""
        if self.currency == "GBP" and self.digits == 2:
            return Money(minor).format()
        whole, rest = divmod(abs(minor), 10**self.digits)
        behind = f".{rest:0{self.digits}}" if rest else ""
        return f"{'-' if minor < 0 else ''}{whole:,}{behind} {self.currency}"


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """Who a plugin is. `hosts` are the names of the services it calls (`*` for any public one); none if left out."""

    name: str
    version: str
    author: str
    licence: str
    security_contact: str
    requires_api: str
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, as a module may know them: a pseudonym and roles, never a name or an address."""

    pseudonym: str
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ballot:
    """What a voter chose: projects in the order that means something to the format, and their points.

    `points` is empty for approval formats. Formats sort `choices` where the order carries no meaning, so that
    equal choices are equal ballots. `labels` says in words what each number of points is called (grades, the worst
    first); `parse` puts them in for whoever reads the ballot back, and they are no part of what was chosen.
    """

    format: str
    choices: tuple[ProjectRef, ...]
    points: tuple[int, ...] = ()
    labels: tuple[Text, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class PaperLayout:
    """The printed ballot as data: the core sets the type.

    `lines` and `refs` run side by side. Each line has `boxes_per_line` boxes; `heads` names the boxes, from left to
    right, and is empty where one box needs no name. A tick, a score or a grade is a cross in one box; points and a
    place are a number written into the only box. Where `sections` has layouts they are the ballot, each under its
    title, and the lines of the outer layout are empty; `area` names the area a section is for.
    """

    title: Text
    instructions: tuple[Text, ...]
    lines: tuple[Line, ...]
    boxes_per_line: int = 1
    mark: Mark = Mark.TICK
    heads: tuple[Text, ...] = ()
    refs: tuple[ProjectRef, ...] = ()
    sections: tuple[PaperLayout, ...] = ()
    area: str = ""


@dataclass(frozen=True, slots=True)
class Constraints:
    """What a kiosk can check without a network; `admits` is the check itself, in words a kiosk can copy.

    `minimum` and `maximum` count marked projects; `maximum` 0 means as many as there are projects. `costs` runs
    beside `refs`, in pence like `budget` (the most they may cost together, None for no limit) and `spend_minimum`.
    Each mark lies from `lowest` to `highest`. `total` is the most points in all, or exactly so many (`use_all`).
    Where `sections` has constraints, each part of the ballot keeps its own, at least one part is marked, and of the
    parts with an `area` no more than one.
    """

    minimum: int
    maximum: int
    refs: tuple[ProjectRef, ...]
    budget: int | None = None
    mark: Mark = Mark.TICK
    costs: tuple[int, ...] = ()
    spend_minimum: int = 0
    lowest: int = 1
    highest: int = 1
    total: int | None = None
    use_all: bool = False
    sections: tuple[Constraints, ...] = ()
    area: str = ""

    def admits(self, marks: Mapping[ProjectRef, int]) -> bool:
        """Whether a ballot with these marks keeps the rules."""
        if self.sections:
            return self._parts_admit(marks)
        if not marks.keys() <= set(self.refs) or not self.minimum <= len(marks) <= (self.maximum or len(self.refs)):
            return False
        values = sorted(marks.values())
        if self.mark is Mark.PLACE and values != list(range(1, len(values) + 1)):
            return False
        if any(not self.lowest <= value <= self.highest for value in values):
            return False
        if self.total is not None and (sum(values) > self.total or (self.use_all and sum(values) != self.total)):
            return False
        cost = sum(cost for ref, cost in zip(self.refs, self.costs, strict=False) if ref in marks)
        return cost >= self.spend_minimum and (self.budget is None or cost <= self.budget)

    def _parts_admit(self, marks: Mapping[ProjectRef, int]) -> bool:
        parts = [({ref: marks[ref] for ref in part.refs if ref in marks}, part) for part in self.sections]
        filled = [(inside, part) for inside, part in parts if inside]
        return (
            sum(len(inside) for inside, _ in filled) == len(marks)
            and bool(filled)
            and sum(1 for _, part in filled if part.area) <= 1
            and all(part.admits(inside) for inside, part in filled)
        )


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """What a proof may know of the request: the language and, after sign-in, the core's keys for them."""

    language: str = "en"
    signed_in_keys: tuple[RollKey, ...] = ()
    claims: Mapping[str, str] = field(default_factory=dict)
    state: str = ""


@dataclass(frozen=True, slots=True)
class ListTaken:
    """A list of people who may vote that a proof holds for a round: how many, and since when."""

    people: int
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class ProofRefused:
    """The right to vote was not proved. `what_to_bring` says how it could be; `form` lets them try again."""

    code: str
    reason: Text
    what_to_bring: Text = NO_TEXT
    form: FormSpec | None = None


@dataclass(frozen=True, slots=True)
class TieBreak:
    """The published order that decides ties: drawn from a seed committed before voting opened.

    `order` holds every project once; `commitment` is the digest that was published. Costs, votes and names
    play no part in it.
    """

    order: tuple[ProjectRef, ...]
    commitment: str = ""

    def rank(self, ref: ProjectRef) -> int:
        return self.order.index(ref)

    def first(self, refs: Iterable[ProjectRef]) -> ProjectRef:
        """The one of `refs` that stands first in the order. Raises ValueError for an unknown project."""
        return min(refs, key=self.order.index)
