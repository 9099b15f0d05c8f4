"""Discussion around a subject: what a deliberation module is and the values it speaks in.

The core owns access, addresses and pages. A module draws a panel, answers actions the core has already allowed, and
lets moderators see and decide. It knows people by a pseudonym and by what they may do, never by name or address;
the name shown beside a comment is asked of the core when the panel is drawn.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeVar

from plugins.api.kinds import Module, PluginContext, Raw
from plugins.api.privacy import ErasureReport, PersonalData
from plugins.api.text import NO_TEXT, LocalisedText, Text
from plugins.api.values import Person, Problem, SubjectRef, TemplateRef

Item = TypeVar("Item")


class Capability(StrEnum):
    """What the core checks before it lets an action through."""

    READ = "read"
    TAKE_PART = "take_part"
    ANSWER = "answer"
    MODERATE = "moderate"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who is looking: a pseudonym within this tenant, or nobody; a display name; what they may do; their language."""

    person: Person | None = None
    display_name: str = ""
    capabilities: frozenset[Capability] = frozenset({Capability.READ})
    language: str = "en"

    def may(self, capability: Capability) -> bool:
        return capability in self.capabilities


@dataclass(frozen=True, slots=True)
class Action:
    """Something a person can do in a panel: its word in the address, what the core checks first, and the method that
    does it. The method takes (context, subject, viewer, fields) and answers an ActionAnswer."""

    verb: str
    capability: Capability
    handler: str


@dataclass(frozen=True, slots=True)
class ActionAnswer:
    """`problems` keep the form with what was typed; without any, `anchor` is where the page shows what was done."""

    problems: tuple[Problem, ...] = ()
    anchor: str = ""
    said: Text = NO_TEXT


@dataclass(frozen=True, slots=True)
class DeliberationSummary:
    """A subject's discussion in numbers, for lists: what is published, what still waits for an answer, when last."""

    contributions: int = 0
    participants: int = 0
    unanswered: int = 0
    last_at: datetime | None = None


class Verdict(StrEnum):
    """What a moderator decides (domain.md 5.3)."""

    PUBLISH = "publish"
    EDIT_REQUEST = "edit_request"
    HIDE = "hide"
    REDACT = "redact"
    ESCALATE = "escalate"


@dataclass(frozen=True, slots=True)
class ModerationItem:
    """Something a moderator looks at: what was written, about what, since when, and how often it was reported."""

    ref: str
    subject: SubjectRef
    text: str
    written_at: datetime
    state: str
    reports: int = 0
    author: str = ""


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some of a longer list; `next` asks for what follows, empty at the end."""

    items: tuple[Item, ...]
    next: str = ""


@dataclass(frozen=True, slots=True)
class Contribution:
    """One thing somebody wrote, for exports: no name, the pseudonym only where `personal` was asked for."""

    ref: str
    subject: SubjectRef
    kind: str
    text: LocalisedText
    written_at: datetime
    facts: Mapping[str, Any] = field(default_factory=dict)


WRITING_MARKS = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f\\u061c\\u200b\\u200e\\u200f\\u202a-\\u202e\\u2060-\\u2069\\ufeff]"
)
"""Control characters and marks of writing direction: they change how the words of others read, and say nothing."""
MANY_LINES = re.compile(r"\n{3,}")


def words_typed(raw: Raw, name: str, *, most: int, path: str) -> tuple[str, tuple[Problem, ...]]:
    """What somebody has written into a field, made safe to show beside others' words, and what is wrong with it.

    Markup stays what it is, text: templates show it escaped.
    """
    typed = "".join(str(one) for one in raw.get(name, ())[:1]).replace("\r\n", "\n").replace("\r", "\n")
    words = MANY_LINES.sub("\n\n", WRITING_MARKS.sub("", typed)).strip()
    if not words:
        return words, (Problem("words.empty", Text("Write something first.", "Sgrìobh rudeigin an toiseach."), path),)
    if len(words) > most:
        message = Text(
            "You have written {count} characters. The most is {most}. Shorten it by {extra}.",
            "Sgrìobh thu caractaran: {count}. ’S e {most} an àireamh as motha. Giorraich e le {extra}.",
        )
        shown = {"count": f"{len(words):,}", "most": f"{most:,}", "extra": f"{len(words) - most:,}"}
        return words, (Problem("words.too_long", message.format(**shown), path),)
    return words, ()


class DeliberationModule(Module):
    """Discussion around subjects. It may own tables; they refer to the core by UUID alone.

    `subjects` names the kinds of things it speaks about: `proposal`, drawn on the page of a project; `round`, drawn on
    a page of its own.
    """

    subjects: ClassVar[frozenset[str]] = frozenset({"proposal"})

    @abstractmethod
    def panel(self, context: PluginContext, subject: SubjectRef, viewer: Viewer, draft: Raw) -> TemplateRef:
        """The discussion of one subject.

        `draft` holds what the address asks for, as `page`, or what a refused action had typed: then `verb` is the
        action and `problem.<path>` what is wrong at the field with that id. The host adds `panel` to the values of the
        template: a form posts to `{{ panel.address }}<verb>/` and holds `{% csrf_token %}` and `{{ panel.hidden }}`;
        `{{ panel.here }}` is the page the panel stands on.
        """

    @abstractmethod
    def actions(self) -> Sequence[Action]:
        """Every action of the panel. The core checks the capability before it calls the handler."""

    @abstractmethod
    def summaries(
        self, context: PluginContext, subjects: Sequence[SubjectRef]
    ) -> Mapping[SubjectRef, DeliberationSummary]:
        """For many subjects in a number of queries that does not grow with them."""

    @abstractmethod
    def moderation_queue(self, context: PluginContext, cursor: str) -> Page[ModerationItem]:
        """What waits for a moderator, oldest first; the first page for an empty cursor."""

    @abstractmethod
    def moderate(self, context: PluginContext, item: str, decision: Verdict, reason: str) -> None:
        """Carry out a decision on the item of this reference. Deciding the same again changes nothing."""

    @abstractmethod
    def freeze(self, context: PluginContext, round: SubjectRef) -> None:
        """From now on everything about this round can be read and nothing written."""

    @abstractmethod
    def contributions(self, context: PluginContext, round: SubjectRef) -> Sequence[Contribution]:
        """What is published, for exports."""

    @abstractmethod
    def personal_data(self, context: PluginContext, person: Person) -> PersonalData:
        """All that is kept about this person."""

    @abstractmethod
    def erase(self, context: PluginContext, person: Person) -> ErasureReport:
        """Take the person out. Afterwards `personal_data` finds nothing."""
