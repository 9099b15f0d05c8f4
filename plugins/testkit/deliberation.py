"""What a deliberation module promises. Subclass DeliberationContract, name your class, say how something is written.

These tests need a database with two tenants: the fixture `tenants`, which `tests/conftest.py` of this repository has.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar
from uuid import uuid4

from plugins.api import (
    Action,
    ActionAnswer,
    Capability,
    DeliberationModule,
    DeliberationSummary,
    ErasureReport,
    ModerationItem,
    Page,
    Person,
    Raw,
    SubjectRef,
    TemplateRef,
    Verdict,
    Viewer,
)
from plugins.testkit.hostile import WORDS
from plugins.testkit.modules import ModuleContract, both_languages
from plugins.testkit.rendering import Drawn, drawn
from plugins.testkit.saying import named

QUERIES = 3
MANY = 20


class DeliberationContract(ModuleContract):
    """`verb` is the action with which somebody writes, `fields(words)` what they send with it. The subject of every
    test is a round, so that it can be frozen."""

    section: ClassVar[str] = "deliberation-modules"
    pure: ClassVar[bool] = False
    module: ClassVar[type[DeliberationModule]]
    verb: ClassVar[str] = ""
    published_at_once: ClassVar[bool] = True

    def fields(self, words: str) -> Raw:
        self.need(False, "write `fields(words)` in your test: what is sent when somebody writes.")
        return {}

    def told(self, context: Any, subject: SubjectRef, item: str) -> None:
        """Bring something before a moderator. For modules in which everything new comes before one there is nothing
        to do; where it takes a reader who reports it, report it here. `item` is its `Contribution.ref`."""

    # A tenant, a subject, a person.

    @contextmanager
    def within(self, tenant: Any) -> Iterator[Any]:
        """Inside a tenant, in a transaction, with the context the host would lend."""
        from django.db import transaction

        from plugins.host.context import plugin_context
        from tenants.registry.context import in_tenant

        with in_tenant(tenant), transaction.atomic():
            yield plugin_context(self.settings)

    def subject(self) -> SubjectRef:
        return SubjectRef("round", uuid4().hex)

    def viewer(self, name: str = "Ada") -> Viewer:
        may = frozenset({Capability.READ, Capability.TAKE_PART})
        return Viewer(Person(f"pseudonym-{name}"), name, may, "en")

    def write(self, context: Any, subject: SubjectRef, words: str, name: str = "Ada") -> ActionAnswer:
        action = self._writing()
        handler = getattr(self.one, action.handler)
        try:
            answer = handler(context, subject, self.viewer(name), self.fields(words))
        except Exception as error:  # noqa: BLE001  # an author reads what it was
            self.need(False, f"`{action.handler}` raised {named(error)} for {words[:40]!r}; answer problems instead.")
        self.need(isinstance(answer, ActionAnswer), f"`{action.handler}` answers no ActionAnswer.")
        both_languages(answer, "an answer", "languages")
        return answer  # type: ignore[no-any-return]  # checked above

    def _writing(self) -> Action:
        found = [one for one in self.one.actions() if one.verb == self.verb]
        self.need(found, f"`verb` is {self.verb!r}, which is none of its actions.")
        return found[0]  # type: ignore[no-any-return]  # an Action

    def _texts(self, context: Any, subject: SubjectRef) -> list[str]:
        return [one.text.en for one in self.one.contributions(context, subject)]

    # What it promises.

    def test_its_actions_can_be_called(self) -> None:
        actions = list(self.one.actions())
        verbs = [one.verb for one in actions]
        self.need(actions and len(set(verbs)) == len(verbs), "it has no actions, or two of one verb.")
        for one in actions:
            known = callable(getattr(self.one, one.handler, None)) and not one.handler.startswith("_")
            self.need(known, f"the action {one.verb!r} names the method {one.handler!r}, which is not there.")
            reads = one.capability is Capability.READ
            self.need(not reads, f"the action {one.verb!r} asks for no more than reading.", "privacy")

    def test_the_panel_is_drawn_and_strangers_are_offered_nothing_to_write(self, tenants: Any) -> None:
        subject = self.subject()
        with self.within(tenants.alpha) as context:
            self.write(context, subject, "What about a ramp?")
            for viewer in (Viewer(), Viewer(language="gd"), self.viewer()):
                ref = self.one.panel(context, subject, viewer, {})
                self.need(isinstance(ref, TemplateRef), f"`panel` answered {type(ref).__name__}.")
                both_languages(dict(ref.context), "the panel", "languages")
                page = Drawn(drawn(ref, self.package, viewer.language))
                unwanted = [one for one in page.unwanted if one != "<form>"]
                self.need(not unwanted, f"the panel holds {unwanted[:3]}.", "accessibility")
                bare = [one.name for one in page.controls if not one.labelled and one.kind != "hidden"]
                self.need(not bare, f"the fields {bare[:3]} of the panel have no label.", "accessibility")
                if viewer.person is None:
                    seen = [one.name for one in page.controls if one.kind != "hidden"]
                    self.need(not seen, f"somebody who may only read is offered {seen[:3]}.", "privacy")

    def test_hostile_words_are_refused_or_stay_words(self, tenants: Any) -> None:
        subject = self.subject()
        with self.within(tenants.alpha) as context:
            for number, words in enumerate(WORDS):
                self.write(context, subject, words, f"Writer{number}")
            ref = self.one.panel(context, subject, Viewer(), {})
            html = drawn(ref, self.package)
            self.need(
                "<script>alert" not in html and "<img src=x" not in html,
                "words become part of the page.",
                "accessibility",
            )
            empty = self.write(context, subject, " \n ")
            self.need(empty.problems, "empty words are taken.")

    def test_two_tenants_never_mix(self, tenants: Any) -> None:
        subject = self.subject()
        with self.within(tenants.alpha) as context:
            self.need(not self.write(context, subject, "Only here").problems, "what `fields` sends is refused.")
            self.need("Only here" in self._texts(context, subject), "what was written is not among `contributions`.")
        with self.within(tenants.beta) as context:
            self.need(not self._texts(context, subject), "another council reads what was written.", "data")
            summary = self.one.summaries(context, [subject]).get(subject, DeliberationSummary())
            self.need(summary.contributions == 0, "another council counts what was written.", "data")

    def test_summaries_take_the_same_queries_for_many(self, tenants: Any) -> None:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        subjects = [self.subject() for _ in range(MANY)]
        with self.within(tenants.alpha) as context:
            for subject in subjects:
                self.write(context, subject, "One")
            counts = []
            for asked in (subjects[:1], subjects):
                with CaptureQueriesContext(connection) as caught:
                    answer = self.one.summaries(context, asked)
                counts.append(len(caught))
                self.need(set(answer) <= set(asked), "`summaries` answers for a subject it was not asked about.")
            self.need(
                counts[1] <= counts[0] + QUERIES,
                f"`summaries` took {counts[0]} queries for one and {counts[1]} for {MANY}.",
                "time",
            )
            full = all(answer[one].contributions == 1 for one in subjects if one in answer) and len(answer) == MANY
            self.need(full or not self.published_at_once, "`summaries` does not count what was written.")

    def test_what_is_frozen_takes_no_more(self, tenants: Any) -> None:
        subject = self.subject()
        with self.within(tenants.alpha) as context:
            self.write(context, subject, "Before")
            self.one.freeze(context, subject)
            late = self.write(context, subject, "Too late")
            self.need(late.problems, "a frozen discussion takes what is written.")
            texts = self._texts(context, subject)
            self.need("Before" in texts and "Too late" not in texts, "a frozen discussion has changed.")

    def test_a_moderator_hides_and_publishes(self, tenants: Any) -> None:
        subject = self.subject()
        with self.within(tenants.alpha) as context:
            self.write(context, subject, "Rude words")
            for one in self.one.contributions(context, subject):
                self.told(context, subject, one.ref)
            queue = self.one.moderation_queue(context, "")
            sound = isinstance(queue, Page) and all(isinstance(one, ModerationItem) for one in queue.items)
            self.need(sound, "`moderation_queue` answers no page of items.")
            mine = [one for one in queue.items if one.text == "Rude words"]
            self.need(mine, "what was written never comes before a moderator.")
            for _ in range(2):
                self.one.moderate(context, mine[0].ref, Verdict.HIDE, "Names a person")
            self.need("Rude words" not in self._texts(context, subject), "what was hidden is still exported.")
            html = drawn(self.one.panel(context, subject, Viewer(), {}), self.package)
            self.need("Rude words" not in html, "what was hidden still stands on the page.")

    def test_erasing_leaves_nothing_of_a_person(self, tenants: Any) -> None:
        subject = self.subject()
        with self.within(tenants.alpha) as context:
            self.write(context, subject, "I live at number 7", "Ada")
            self.write(context, subject, "Somebody else", "Bob")
            ada = self.viewer("Ada").person
            assert ada is not None
            held = self.one.personal_data(context, ada)
            self.need(
                "I live at number 7" in repr(held.tables), "`personal_data` leaves out what a person wrote.", "privacy"
            )
            report = self.one.erase(context, ada)
            self.need(isinstance(report, ErasureReport), "`erase` answers no ErasureReport.", "privacy")
            left = self.one.personal_data(context, ada)
            self.need(not any(left.tables.values()), "after `erase`, `personal_data` still finds something.", "privacy")
            told = report.deleted or report.anonymised
            self.need(told, "`erase` does not say what it did.", "privacy")
            self.need(
                "Somebody else" in self._texts(context, subject), "`erase` took what somebody else wrote.", "privacy"
            )
