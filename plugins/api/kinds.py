"""The kinds of module that take part in a vote, as abstract classes: implement one, return it from its hook.

Classes are stateless: the core makes one object and calls it from any thread and for any tenant. Everything a
method needs comes in as an argument.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel

from plugins.api.http import Http
from plugins.api.profile import Profile
from plugins.api.text import Text
from plugins.api.values import (
    Ballot,
    BallotFamily,
    Constraints,
    FormSpec,
    Instance,
    Line,
    ListTaken,
    Offer,
    Outcome,
    PaperLayout,
    Problem,
    Project,
    ProjectRef,
    Proof,
    ProofRefused,
    Redirect,
    RequestFacts,
    Sheet,
    Step,
    SubjectRef,
    TemplateRef,
    TieBreak,
)

Raw = Mapping[str, Sequence[str]]
"""A posted form: each name with the list of its values, as browsers send them. A field that is empty says the same as
one that is not there; a ballot that is kept for later may be kept without its empty fields."""


class Codes(Protocol):
    """One-time codes, owned by the core: it makes, sends, counts and burns them."""

    def issue(self, *, to: str, language: str, by: str = "email") -> str:
        """Send a code and return an opaque handle. Takes as long and answers alike for any address.

        `by` is what `to` is: an address for e-mail, or a mobile number with its country (`phone`)."""

    def redeem(self, *, handle: str, code: str) -> str | None:
        """The address in its comparable form if the code is right, unused and in time; otherwise None."""


class Mail(Protocol):
    """The service's own mail server, set up by the operator."""

    def send(self, *, key: str, to: str, subject: str, body: str, language: str) -> str:
        """Send plain words and return the name of the message, which is made from `key`: a mail program takes two
        with one name for one. Raises TemporaryFailure or PermanentFailure."""


class Read(Protocol):
    """Public facts of rounds and projects."""

    def project(self, ref: SubjectRef) -> Project | None: ...

    def projects(self, of_round: SubjectRef) -> Sequence[Project]: ...

    def count_participants(self, of_round: SubjectRef) -> int: ...

    def round_of(self, subject: SubjectRef) -> SubjectRef | None:
        """The round that a subject belongs to; a round is its own."""

    def display_names(self, pseudonyms: Sequence[str]) -> Mapping[str, str]:
        """The names that people have chosen to be shown by, in one query. Never kept by a module: whoever was erased
        or has no name is left out."""


class Jobs(Protocol):
    """Work that is too much for a page: done by a worker, in the same tenant, once this transaction has committed."""

    def later(self, task: str, payload: Mapping[str, str]) -> None:
        """Have the module's own `work` called with these words. Asked for twice, it is done twice."""


class PluginContext(Protocol):
    """What the host lends a module for one call, already bound to one tenant."""

    @property
    def tenant_key(self) -> str: ...
    @property
    def settings(self) -> BaseModel: ...
    @property
    def clock(self) -> Callable[[], datetime]: ...
    @property
    def log(self) -> Any: ...
    @property
    def tracer(self) -> Any: ...
    @property
    def read(self) -> Read: ...
    @property
    def record(self) -> Callable[..., None]: ...
    @property
    def jobs(self) -> Jobs: ...
    @property
    def http(self) -> Http: ...
    @property
    def codes(self) -> Codes: ...
    @property
    def mail(self) -> Mail: ...


class NoSettings(BaseModel, frozen=True, extra="forbid"):
    """For a module that leaves nothing to choose."""


class Module(ABC):
    """What every module says of itself."""

    key: ClassVar[str]
    label: ClassVar[Text]
    description: ClassVar[Text]
    Settings: ClassVar[type[BaseModel]] = NoSettings
    settings_version: ClassVar[int] = 1

    def work(self, context: PluginContext, task: str, payload: Mapping[str, str]) -> None:
        """Do in a worker what was asked for by `context.jobs.later`. A failure is tried again, so it may run twice."""
        raise NotImplementedError(f"{self.key} was asked to do {task!r} and has no work")

    @classmethod
    def upgrade(cls, data: Mapping[str, Any], from_version: int) -> Mapping[str, Any]:
        """Settings kept under an earlier `settings_version`, as this version writes them.

        Write it together with a higher `settings_version`. It is called with what was kept, field by field as JSON,
        and its answer is checked against `Settings`. It may not ask anybody anything.
        """
        return data


class BallotFormat(Module):
    """What a ballot is: pure, owns no tables, and works without JavaScript."""

    family: ClassVar[BallotFamily]

    @abstractmethod
    def check(self, offer: Offer, settings: Any) -> list[Problem]:
        """May this format be used with this offer? Shown to officers before the round opens."""

    @abstractmethod
    def instructions(self, offer: Offer, settings: Any) -> TemplateRef:
        """The rules of the ballot in a few plain lines."""

    @abstractmethod
    def form(self, offer: Offer, settings: Any, draft: Raw) -> TemplateRef:
        """The fields of the ballot, in the order of `offer.projects`, with what `draft` already holds.

        The page owns the form element, its buttons, the token against forgery and the list of problems. After each
        change a page with scripts asks for the form again and takes over the element with the id `ballot-chosen`:
        put the running total there, inside an element with the role `status`.
        """

    @abstractmethod
    def parse(self, raw: Raw | Ballot, offer: Offer, settings: Any) -> Ballot:
        """The ballot in a posted form, checked against the offer. A ballot comes back as itself.

        Raises BallotInvalid with every problem found, and nothing else, whatever `raw` holds.
        """

    @abstractmethod
    def draft(self, ballot: Ballot) -> Raw:
        """The posted form that `parse` would turn into this ballot."""

    @abstractmethod
    def canonical(self, ballot: Ballot) -> bytes:
        """The bytes that are sealed: equal ballots give equal bytes in every process."""

    @abstractmethod
    def restore(self, data: bytes) -> Ballot:
        """The ballot in canonical bytes. Raises BallotInvalid for anything `canonical` would not write."""

    @abstractmethod
    def paper(self, offer: Offer, settings: Any) -> PaperLayout:
        """The printed ballot as data."""

    @abstractmethod
    def constraints(self, offer: Offer, settings: Any) -> Constraints:
        """What can be checked without a network."""

    @abstractmethod
    def scores(self, ballot: Ballot, offer: Offer) -> Mapping[ProjectRef, int]:
        """What this ballot gives each project; whole numbers, projects with nothing left out."""

    @abstractmethod
    def summary(self, ballot: Ballot, offer: Offer) -> Sequence[Line]:
        """The ballot read back to the voter on the check page."""

    def sheets(self, offer: Offer, settings: Any) -> Sequence[Sheet]:
        """The parts of the ballot that are decided by themselves, each with its pot: one, unless the format says so.

        The core cuts the counted profile by them (`Profile.part`) and has the outcome rule decide on each.
        """
        return [Sheet("", tuple(project.ref for project in offer.projects), offer.budget)]


class OutcomeRule(Module):
    """From counted profile to funded projects: a pure function, deterministic and exact."""

    accepts: ClassVar[frozenset[BallotFamily]]

    @abstractmethod
    def check(self, instance: Instance, settings: Any) -> list[Problem]:
        """Can this rule decide on this instance? Shown to officers before the round opens."""

    @abstractmethod
    def decide(
        self,
        instance: Instance,
        profile: Profile,
        settings: Any,
        tie_break: TieBreak,
        inner: Callable[[Instance], Outcome] | None = None,
    ) -> Outcome:
        """Fund projects within the budget. `inner` decides for rules that wrap another rule.

        `profile.refs` and `instance.candidates` name the same projects. Every tie that mattered is in
        `Outcome.ties`.
        """

    def explain(self, outcome: Outcome) -> Sequence[Step]:
        """The steps, enough for a citizen to redo each; at least one for every project."""
        return outcome.steps


class EligibilityProof(Module):
    """One way to prove a right to vote. It makes no users and never learns a choice."""

    rung: ClassVar[str]
    namespaces: ClassVar[frozenset[str]]
    takes_list: ClassVar[bool] = False
    """Whether officers hand in a list of people for a round; then the last four methods are its own."""

    @abstractmethod
    def begin(self, context: PluginContext, request_facts: RequestFacts, settings: Any) -> Redirect | FormSpec:
        """The first step: a form to fill in, or a place to go to."""

    @abstractmethod
    def complete(
        self, context: PluginContext, callback: Mapping[str, str], settings: Any
    ) -> Proof | ProofRefused | FormSpec:
        """What came back: a proof, a refusal with what to bring, or the next form."""

    def list_columns(self, settings: Any) -> Sequence[str]:
        """The columns that the first line of a list names, for whoever prepares one."""
        return ()

    def list_take(self, context: PluginContext, round: SubjectRef, data: bytes, settings: Any) -> ListTaken:
        """Take a list for a round, in place of the one before: a CSV file, whole or not at all. Raises ListInvalid."""
        # Asked only of a proof that names columns; most proofs take no list and need not say so.
        raise NotImplementedError(f"{self.key} takes no list")

    def list_drop(self, context: PluginContext, round: SubjectRef) -> int:
        """Delete the list of a round; how many people stood on it."""
        return 0

    def lists(self, context: PluginContext, rounds: Sequence[SubjectRef]) -> Mapping[SubjectRef, ListTaken]:
        """The lists it holds, of these rounds."""
        return {}
