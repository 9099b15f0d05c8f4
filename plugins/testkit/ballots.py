"""What a ballot format promises. Subclass BallotFormatContract, name your class, and pytest finds the rest."""

from __future__ import annotations

import base64
import json
import pickle
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from core.counting import ballots_tally
from plugins.api import (
    Ballot,
    BallotFamily,
    BallotFormat,
    BallotInvalid,
    LocalisedText,
    Mark,
    Money,
    Offer,
    PaperLayout,
    Pot,
    Project,
    ProjectRef,
    TemplateRef,
)
from plugins.api.choosing import FIELD, ChoiceFormat
from plugins.api.marking import LONGEST, ValueFormat
from plugins.testkit.hostile import BYTES, FORMS, WORDS
from plugins.testkit.modules import ModuleContract, both_languages
from plugins.testkit.rendering import Drawn, drawn, whole_page, without_empty
from plugins.testkit.saying import named
from plugins.testkit.strategies import ballots_of, offers, widest

Marks = Mapping[ProjectRef, int]
Pairs = Iterable[tuple[ProjectRef, int]]
STRANGER = "not-on-offer"
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(WORDS) | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


class BallotFormatContract(ModuleContract):
    """Formats that stand on `plugins.api.choosing` or `plugins.api.marking` need nothing more than their name here;
    others say in `posted` how a browser sends marks, and everything else follows from `constraints`."""

    section: ClassVar[str] = "ballot-formats"
    module: ClassVar[type[BallotFormat]]

    def posted(self, pairs: Pairs) -> dict[str, list[str]]:
        """These marks as a browser posts them, doubles and strangers included."""
        found = self._known(self.one, pairs)
        self.need(found is not None, "write `posted(pairs)` in your test: how a browser sends marks.")
        return found or {}

    def _known(self, known: Any, pairs: Pairs) -> dict[str, list[str]] | None:
        inner = getattr(known, "inner", known)
        fields: dict[str, list[str]] = {}
        for ref, value in pairs:
            if isinstance(inner, ChoiceFormat):
                fields.setdefault(FIELD, []).append(ref)
            elif isinstance(inner, ValueFormat):
                fields.setdefault(inner.name(ref), []).append(str(value))
            else:
                return None
        return fields

    def offered(self) -> SearchStrategy[Offer]:
        """Offers that this format, as it is set, can be used with."""
        return offers(least=3).filter(lambda offer: not self.one.check(offer, self.settings))

    def filled(self) -> SearchStrategy[tuple[Offer, Marks]]:
        """An offer, and marks that keep the rules."""

        @st.composite
        def both(draw: DrawFn) -> tuple[Offer, Marks]:
            offer = draw(self.offered())
            marks = draw(ballots_of(self.one, offer, self.settings))
            assume(marks)
            return offer, marks

        return both()

    def parsed(self, marks: Marks, offer: Offer) -> Ballot:
        """Marks that keep the rules, as a ballot."""
        raw = self.posted(marks.items())
        try:
            ballot = self.one.parse({**raw, "something-else": ["x"]}, offer, self.settings)
        except BallotInvalid as error:
            said = [problem.code for problem in error.problems]
            self.need(False, f"`constraints` admit {dict(marks)}, and `parse` refuses it: {said}.")
        except Exception as error:  # noqa: BLE001  # an author reads what it was
            self.need(False, f"`parse` raised {named(error)}; only BallotInvalid may come out of it.")
        self.need(isinstance(ballot, Ballot), f"`parse` answered {type(ballot).__name__} instead of a Ballot.")
        assert isinstance(ballot, Ballot)
        return ballot

    def refused(self, raw: Any, offer: Offer, what: str) -> BallotInvalid:
        try:
            self.one.parse(raw, offer, self.settings)
        except BallotInvalid as error:
            self.need(error.problems, f"`parse` refuses {what} without saying why.")
            for problem in error.problems:
                self.need(problem.code, f"a problem of {what} has no code.")
                both_languages(problem, "a problem", "languages")
            return error
        except Exception as error:  # noqa: BLE001  # an author reads what it was
            self.need(False, f"`parse` raised {named(error)} for {what}; only BallotInvalid may come out of it.")
        self.need(False, f"`parse` lets {what} through.")
        raise AssertionError

    # Reading, sealing, reading back.

    def test_a_ballot_comes_back(self) -> None:
        @self.tried(self.filled())
        def comes_back(given: tuple[Offer, Marks]) -> None:
            offer, marks = given
            one, chosen = self.one, self.settings
            ballot = self.parsed(marks, offer)
            self.need(ballot.format == one.key, f"`parse` names the format {ballot.format!r} in the ballot.")
            self.need(set(ballot.choices) == set(marks), "`parse` loses or adds choices.")
            try:
                again = one.parse(ballot, offer, chosen)
                drafted = one.parse(one.draft(ballot), offer, chosen)
            except BallotInvalid as error:
                self.need(False, f"`parse` refuses its own ballot or its `draft`: {error}")
            self.need(again == ballot, "`parse` of a ballot is not that ballot.")
            self.need(drafted == ballot, "`draft` is not the form that `parse` would turn into the ballot.")
            data = one.canonical(ballot)
            self.need(isinstance(data, bytes), "`canonical` answers something else than bytes.")
            try:
                restored = one.restore(data)
            except BallotInvalid as error:
                self.need(False, f"`restore` refuses what `canonical` wrote: {error}")
            self.need(restored == ballot, "`restore` gives another ballot than `canonical` was given.")
            self.need(one.canonical(restored) == data, "`canonical` writes a restored ballot with other bytes.")
            self.need(one.parse(restored, offer, chosen) == ballot, "`parse` of a restored ballot is another ballot.")

    def test_scores_are_whole_numbers_of_what_was_chosen(self) -> None:
        @self.tried(self.filled())
        def counted(given: tuple[Offer, Marks]) -> None:
            offer, marks = given
            scores = self.one.scores(self.parsed(marks, offer), offer)
            sound = all(type(value) is int and value > 0 for value in scores.values())
            self.need(sound, f"`scores` gives {dict(scores)}: whole numbers from 1, and nothing for nothing.")
            self.need(set(scores) <= set(marks), "`scores` gives something to a project that was not chosen.")
            if self.one.family is BallotFamily.APPROVAL:
                self.need(dict(scores) == dict.fromkeys(marks, 1), "an approval ballot gives 1 to each choice.")

    def test_the_check_page_reads_every_choice_back(self) -> None:
        @self.tried(self.filled())
        def read(given: tuple[Offer, Marks]) -> None:
            offer, marks = given
            lines = list(self.one.summary(self.parsed(marks, offer), offer))
            told = sorted(line.title.en for line in lines)
            chosen = sorted(project.title.en for project in offer.projects if project.ref in marks)
            self.need(told == chosen, f"`summary` reads back {told}, and {chosen} were chosen.")
            both_languages(lines, "`summary`", "languages")

    def test_the_order_of_fields_means_nothing(self) -> None:
        @self.tried(self.filled(), st.randoms(use_true_random=False))
        def turned(given: tuple[Offer, Marks], random: Any) -> None:
            offer, marks = given
            first = self.one.canonical(self.parsed(marks, offer))
            pairs = list(marks.items())
            random.shuffle(pairs)
            shown = replace(offer, projects=tuple(random.sample(offer.projects, len(offer.projects))))
            again = self.one.canonical(self.parsed(dict(pairs), shown))
            self.need(again == first, "the same choices, shown or sent in another order, give other bytes.")

    def test_sealed_bytes_are_the_same_in_every_process(self) -> None:
        cases: list[tuple[Offer, list[tuple[ProjectRef, int]]]] = []

        @self.tried(self.filled(), examples=10)
        def collect(given: tuple[Offer, Marks]) -> None:
            cases.append((given[0], list(given[1].items())))

        posted = [(offer, self.posted(pairs)) for offer, pairs in cases]
        work = base64.b64encode(pickle.dumps((self.module.__module__, self.module.__qualname__, self.settings, posted)))
        written = set()
        for seed in ("0", "4711"):
            said = subprocess.run(  # this very Python, with our own program
                [sys.executable, "-m", "plugins.testkit.sealing"],
                input=json.dumps([sys.path, work.decode()]),
                env={"PYTHONHASHSEED": seed, "PATH": "/usr/bin:/bin"},
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
                cwd=Path(__file__).resolve().parents[2],
            )
            self.need(said.returncode == 0, f"sealing in a process of its own failed: {said.stderr[-300:]}")
            written.add(said.stdout)
        here = "".join(
            self.one.canonical(self.one.parse(raw, offer, self.settings)).hex() + "\n" for offer, raw in posted
        )
        self.need(written == {here}, "`canonical` writes the same ballot differently in another process.")

    # What is refused.

    def test_what_a_kiosk_checks_is_what_parse_checks(self) -> None:
        @st.composite
        def anything(draw: DrawFn) -> tuple[Offer, Marks]:
            offer = draw(self.offered())
            refs = [project.ref for project in offer.projects]
            return offer, draw(st.dictionaries(st.sampled_from(refs), st.integers(0, 12)))

        @self.tried(anything(), examples=self.examples * 3)
        def agree(given: tuple[Offer, Marks]) -> None:
            offer, marks = given
            rules = self.one.constraints(offer, self.settings)
            kind = rules.sections[0].mark if rules.sections else rules.mark
            if kind is Mark.TICK:
                marks = dict.fromkeys(marks, 1)
            if kind is Mark.POINTS:
                marks = {ref: value for ref, value in marks.items() if value}
            admitted = rules.admits(marks)
            try:
                self.one.parse(self.posted(marks.items()), offer, self.settings)
            except BallotInvalid:
                self.need(not admitted, f"`constraints` admit {dict(marks)}, and `parse` refuses it.")
            else:
                self.need(admitted, f"`parse` takes {dict(marks)}, and `constraints` do not admit it.")

    def test_strangers_and_doubles_are_refused(self) -> None:
        @self.tried(self.filled())
        def refuses(given: tuple[Offer, Marks]) -> None:
            offer, marks = given
            ref, value = next(iter(marks.items()))
            pairs = list(marks.items())
            self.refused(self.posted([*pairs, (STRANGER, value)]), offer, "a project that is not on offer")
            self.refused(self.posted([*pairs, (ref, value)]), offer, "a project that was sent twice")
            many = [(f"{STRANGER}-{number}", 1) for number in range(3000)]
            self.refused(self.posted(many), offer, "thousands of projects that are not on offer")

    def test_junk_is_refused_and_nothing_else_happens(self) -> None:
        offer = self._an_offer()
        names = st.sampled_from([*self.posted([(project.ref, 1) for project in offer.projects]), "area"]) | st.text()

        def hand_in(raw: Any) -> None:
            try:
                ballot = self.one.parse(raw, offer, self.settings)
            except BallotInvalid as error:
                self.need(error.problems, "`parse` refuses junk without saying why.")
                both_languages(error.problems, "a problem", "languages")
                return
            except Exception as error:  # noqa: BLE001  # an author reads what it was
                self.need(
                    False, f"`parse` raised {named(error)} for {str(raw)[:99]!r}; it may raise BallotInvalid alone."
                )
            kept = self.one.restore(self.one.canonical(ballot))
            self.need(
                self.one.parse(kept, offer, self.settings) == ballot, "`parse` took junk and cannot read it back."
            )

        for raw in FORMS:
            hand_in(raw)
        for word in WORDS:
            for name in self.posted([(offer.projects[0].ref, 1)]):
                hand_in({name: [word]})

        @self.tried(st.dictionaries(names, JUNK | st.lists(st.sampled_from(WORDS))) | JUNK, examples=self.examples * 2)
        def refuses(raw: Any) -> None:
            hand_in(raw)

    def test_a_made_up_ballot_is_checked_like_any_other(self) -> None:
        offer = self._an_offer()
        refs = [project.ref for project in offer.projects]
        choices = st.lists(st.sampled_from([*refs, STRANGER]) | st.integers() | st.none(), max_size=6)
        points = st.lists(st.integers() | st.booleans() | st.text(), max_size=6)

        @self.tried(choices, points, st.sampled_from([self.module.key, "another-format"]), examples=self.examples * 2)
        def checks(chosen: list[Any], given: list[Any], key: str) -> None:
            try:
                ballot = self.one.parse(Ballot(key, tuple(chosen), tuple(given)), offer, self.settings)
            except BallotInvalid:
                return
            except Exception as error:  # noqa: BLE001  # an author reads what it was
                self.need(False, f"`parse` raised {named(error)} for a made-up Ballot; BallotInvalid alone is allowed.")
            self.need(key == self.module.key, "`parse` takes a Ballot of another format.")
            self.need(STRANGER not in ballot.choices, "`parse` takes a Ballot with a project that is not on offer.")

    def test_bytes_that_were_never_sealed_are_refused(self) -> None:
        def restore(data: bytes, what: str) -> None:
            try:
                self.one.restore(data)
            except BallotInvalid:
                return
            except Exception as error:  # noqa: BLE001  # an author reads what it was
                self.need(False, f"`restore` raised {named(error)} for {what}; it may raise BallotInvalid alone.")
            self.need(False, f"`restore` takes {what}: {data[:80]!r}.")

        for data in BYTES:
            restore(data, "bytes that are no ballot")

        @self.tried(st.binary() | st.text().map(str.encode))
        def refuses(data: bytes) -> None:
            restore(data, "bytes that are no ballot")

        @self.tried(self.filled())
        def only_one_way(given: tuple[Offer, Marks]) -> None:
            data = self.one.canonical(self.parsed(given[1], given[0]))
            others = {data + b" ", b" " + data, data + b"\n", data[:-1], data + data} - {data}
            if b":" in data:
                others |= {data.replace(b":", b": ", 1), data.replace(b"}", b',"more":1}')}
            for other in others - {data}:
                restore(other, "another way of writing a ballot")

    def test_the_longest_ballot_has_a_bound(self) -> None:
        """Five hundred projects with references as long as they may be, as much marked as can be."""
        projects = tuple(
            Project(f"{number:03}" + "🌳" * 21, LocalisedText("Project"), Money(20), ("North", "")[number % 2])
            for number in range(500)
        )
        pots = (Pot("", Money(1000)), Pot("North", Money(1000)))
        offer = Offer("round", Money(100_000_00), projects, ("North",), pots=pots)
        if self.one.check(offer, self.settings):
            return
        marks = widest(self.one.constraints(offer, self.settings))
        data = self.one.canonical(self.parsed(marks, offer))
        self.need(len(data) <= LONGEST, f"a ballot can be {len(data)} bytes long; the most is {LONGEST}.")
        self.quick("parse", 1.0, lambda: self.parsed(marks, offer), "with 500 projects")
        self.quick("form", 1.0, lambda: self.one.form(offer, self.settings, {}), "with 500 projects")

    def test_officers_hear_of_an_offer_that_cannot_work(self) -> None:
        problems = self.one.check(Offer("round", Money(1), ()), self.settings)
        self.need(problems, "`check` finds nothing wrong with an offer without projects.")
        both_languages(problems, "`check`", "languages")

    # What people see.

    def _an_offer(self) -> Offer:
        found: list[Offer] = []

        @self.tried(self.offered(), examples=1)
        def take(offer: Offer) -> None:
            found.append(offer)

        self.need(found, "`check` finds something wrong with every offer; choose other settings in `chosen`.")
        return found[0]

    def html(self, offer: Offer, draft: Any, language: str = "en") -> Drawn:
        ref = self.one.form(offer, self.settings, draft)
        self.need(isinstance(ref, TemplateRef), f"`form` answered {type(ref).__name__} instead of a TemplateRef.")
        try:
            return Drawn(drawn(ref, self.package, language))
        except Exception as error:  # an author reads what it was
            self.need(False, f"the template {ref.name} cannot be drawn: {named(error)}", "accessibility")
            raise

    def test_the_form_works_without_scripts(self) -> None:
        """A browser that sends the form as it was drawn sends the same ballot again."""

        @self.tried(self.filled(), examples=15)
        def round_trip(given: tuple[Offer, Marks]) -> None:
            offer, marks = given
            ballot = self.parsed(marks, offer)
            page = self.html(offer, self.one.draft(ballot))
            sent, wanted = page.sent(), without_empty(self.one.draft(ballot))
            lost = {name for name in wanted if sorted(sent.get(name, [])) != sorted(wanted[name])}
            self.need(not lost, f"the form loses what was filled in: {sorted(lost)[:3]}.", "accessibility")
            try:
                again = self.one.parse(sent, offer, self.settings)
            except BallotInvalid as error:
                self.need(False, f"the form as it was drawn is refused: {error}", "accessibility")
            self.need(again == ballot, "the form as it was drawn is another ballot.", "accessibility")

    def test_the_form_can_be_used_by_everybody(self) -> None:
        offer = self._an_offer()
        for code in ("en", "gd"):
            page = self.html(offer, {}, code)
            self.need(page.controls, "the form has no field that works without scripts.", "accessibility")
            self.need(not page.unwanted, f"the form holds {sorted(set(page.unwanted))}.", "accessibility")
            double = sorted({one for one in page.ids if page.ids.count(one) > 1})
            self.need(not double, f"the ids {double} stand in the form twice.", "accessibility")
            bare = [one.name for one in page.controls if not one.labelled and one.kind != "hidden"]
            self.need(not bare, f"the fields {bare[:3]} have no label.", "accessibility")
            self.need(page.heads == 0, "the form has an h1; the page has its own.", "accessibility")
            has_total = "ballot-chosen" not in page.ids or "ballot-chosen" in page.statuses
            self.need(has_total, "`ballot-chosen` lies in no element with the role status.", "accessibility")

    def test_each_problem_leads_to_its_field(self) -> None:
        offer = self._an_offer()
        refs = [project.ref for project in offer.projects]
        wrong: list[dict[str, list[str]]] = [
            {},
            self.posted([(STRANGER, 1)]),
            self.posted([(refs[0], 1), (refs[0], 1)]),
        ]
        wrong += [{name: [word] for name in self.posted([(refs[0], 1)])} for word in ("x", "-1", "999999")]
        for fields in wrong:
            # A browser sends the area that was chosen along with it.
            raw = {**fields, "area": [offer.projects[0].area]} if offer.projects[0].area else fields
            try:
                self.one.parse(raw, offer, self.settings)
            except BallotInvalid as error:
                ids = set(self.html(offer, raw).ids)
                for problem in error.problems:
                    there = not problem.path or problem.path in ids
                    said = f"the problem {problem.code} leads to {problem.path!r}, which is the id of no field."
                    self.need(there, said, "accessibility")

    def test_the_form_stands_whatever_was_kept(self) -> None:
        offer = self._an_offer()
        names = list(self.posted([(project.ref, 1) for project in offer.projects]))
        for word in WORDS:
            page = self.html(offer, {name: [word, word] for name in [*names, "area"]})
            self.need(not page.unwanted, f"{word[:30]!r} in a draft becomes part of the page.", "accessibility")

    def test_every_word_is_there_in_both_languages(self) -> None:
        @self.tried(self.filled(), examples=5)
        def said(given: tuple[Offer, Marks]) -> None:
            offer, marks = given
            one = self.one
            for method, value in {
                "instructions": dict(one.instructions(offer, self.settings).context),
                "form": dict(one.form(offer, self.settings, self.posted(marks.items())).context),
                "paper": one.paper(offer, self.settings),
            }.items():
                both_languages(value, f"`{method}`", "languages")

    def test_paper_holds_every_project_once(self) -> None:
        @self.tried(self.offered(), examples=10)
        def on_paper(offer: Offer) -> None:
            paper, rules = self.one.paper(offer, self.settings), self.one.constraints(offer, self.settings)
            self.need(isinstance(paper, PaperLayout), "`paper` answered something else than a PaperLayout.")
            refs = sorted(project.ref for project in offer.projects)
            parts = paper.sections or (paper,)
            self.need(
                sorted(ref for part in parts for ref in part.refs) == refs,
                "`paper` holds other projects.",
            )
            for part, rule in zip(parts, rules.sections or (rules,), strict=False):
                self.need(len(part.lines) == len(part.refs), "`paper` has not one line for each project.")
                self.need(part.boxes_per_line == (len(part.heads) or 1), "`heads` does not name every box of a line.")
                self.need(part.mark is rule.mark, "`paper` asks for another mark than `constraints` check.")

    def test_the_parts_of_a_ballot_hold_every_project_once(self) -> None:
        @self.tried(self.offered(), examples=10)
        def parts(offer: Offer) -> None:
            sheets = self.one.sheets(offer, self.settings)
            refs = sorted(ref for sheet in sheets for ref in sheet.refs)
            self.need(
                refs == sorted(project.ref for project in offer.projects), "`sheets` does not hold each project once."
            )

    def test_a_count_reads_what_was_sealed(self) -> None:
        @self.tried(self.filled(), examples=10)
        def counts(given: tuple[Offer, Marks]) -> None:
            offer, marks = given
            ballot = self.parsed(marks, offer)
            sealed = self.one.canonical(ballot)
            tally = ballots_tally(
                ballot_format=self.one, settings=self.settings, offer=offer, ballots=[sealed] * 3 + [b"{}", sealed[:-1]]
            )
            self.need((tally.valid, tally.invalid) == (3, 2), "a count cannot tell its ballots from others.")
            scores = self.one.scores(ballot, offer)
            found = {ref: points for ref, points in tally.points.items() if points}
            self.need(
                found == {ref: 3 * score for ref, score in scores.items()}, "a count finds other points than `scores`."
            )

    @pytest.mark.browser
    def test_axe_finds_nothing(self, commonty_axe: Any) -> None:
        offer = self._an_offer()
        for code in ("en", "gd"):
            page = self.html(offer, {}, code)
            found = commonty_axe(whole_page(self.module.label.get(code), page.html, code))
            self.need(not found, f"axe finds in the form: {found[:3]}", "accessibility")
