"""The frozen values that pass between the core and a module. No models, no Django."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not right: a stable code, a plain sentence, and where it is."""

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
    """A project on a ballot. `cost` in pence; `area` and `categories` are codes."""

    ref: ProjectRef
    title: LocalisedText
    cost: Money
    area: str = ""
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """What voters choose from: frozen when voting opens, `digest` is then its published SHA-256."""

    round: str
    budget: Money
    projects: tuple[Project, ...]
    areas: tuple[str, ...] = ()
    digest: str = ""

    def instance(self) -> Instance:
        """What a rule is given of this offer."""
        return Instance(
            budget=self.budget.minor,
            candidates=tuple(
                Candidate(project.ref, project.cost.minor, project.area, project.categories)
                for project in self.projects
            ),
            currency=self.budget.currency,
        )

    def project(self, ref: ProjectRef) -> Project | None:
        return next((project for project in self.projects if project.ref == ref), None)


@dataclass(frozen=True, slots=True)
class TemplateRef:
    """A template of the module's own folder and the plain values it needs."""

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
    """Projects that stood equal and how it was decided: by the order committed before voting opened."""

    projects: tuple[ProjectRef, ...]
    chosen: ProjectRef
    at: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule decided. Amounts in minor units; `allocation` in order of purchase."""

    allocation: tuple[ProjectRef, ...]
    spent: int
    remaining: int
    steps: tuple[Step, ...]
    ties: tuple[Tie, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A project as a rule sees it: cost in minor units and nothing that could sway a tie."""

    ref: ProjectRef
    cost: int
    area: str = ""
    categories: tuple[str, ...] = ()


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
    """Who a plugin is."""

    name: str
    version: str
    author: str
    licence: str
    security_contact: str
    requires_api: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, as a module may know them: a pseudonym and roles, never a name or an address."""

    pseudonym: str
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ballot:
    """What a voter chose: projects in the order that means something to the format, and their points.

    `points` is empty for approval formats. Formats sort `choices` where the order carries no meaning, so that
    equal choices are equal ballots.
    """

    format: str
    choices: tuple[ProjectRef, ...]
    points: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PaperLayout:
    """The printed ballot as data: the core sets the type."""

    title: Text
    instructions: tuple[Text, ...]
    lines: tuple[Line, ...]
    boxes_per_line: int = 1


@dataclass(frozen=True, slots=True)
class Constraints:
    """What a kiosk can check without a network. `maximum` 0 means as many as there are projects."""

    minimum: int
    maximum: int
    refs: tuple[ProjectRef, ...]
    budget: int | None = None


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """What a proof may know of the request: the language and, after sign-in, the core's keys for them."""

    language: str = "en"
    signed_in_keys: tuple[RollKey, ...] = ()
    claims: Mapping[str, str] = field(default_factory=dict)
    state: str = ""


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
