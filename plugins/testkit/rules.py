"""What an outcome rule promises. Subclass OutcomeRuleContract, name your class, and pytest finds the rest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from pydantic import BaseModel

from core.counting import outcome_digest, tie_break_from
from core.counting.deciding import decide
from plugins.api import BallotFamily, Candidate, Instance, Outcome, OutcomeRule, Profile, ProjectRef, TieBreak
from plugins.testkit.modules import ModuleContract, both_languages
from plugins.testkit.saying import named
from plugins.testkit.strategies import elections

Election = tuple[Instance, Profile, TieBreak]


def renamed(outcome: Outcome, names: Mapping[ProjectRef, ProjectRef]) -> tuple[Any, ...]:
    """What was decided, with other names."""
    amounts = {names[ref]: amount for ref, amount in outcome.amounts.items()}
    return tuple(names[ref] for ref in outcome.allocation), outcome.spent, amounts


class OutcomeRuleContract(ModuleContract):
    """`around` is the rule that a wrapping rule is tested with. `size` is how many ballots and projects it decides in
    `seconds`. Say False to `promises_unanimity` where a project that everybody wants may go without money."""

    section: ClassVar[str] = "outcome-rules"
    module: ClassVar[type[OutcomeRule]]
    around: ClassVar[Mapping[str, type[OutcomeRule]]] = {}
    size: ClassVar[tuple[int, int]] = (100_000, 100)
    seconds: ClassVar[float] = 60.0
    promises_unanimity: ClassVar[bool] = True

    def family(self) -> SearchStrategy[BallotFamily]:
        return st.sampled_from(sorted(self.module.accepts))

    def held(self) -> SearchStrategy[Election]:
        """Elections this rule can decide: an instance, a profile of a family it accepts, an order for ties."""

        @st.composite
        def all_of_it(draw: DrawFn) -> Election:
            instance, profile = draw(elections(draw(self.family())))
            assume(not [one for one in self.one.check(instance, self.settings) if one.code.startswith("settings")])
            return instance, profile, tie_break_from(draw(st.binary(max_size=4)), profile.refs)

        return all_of_it()

    def decided(self, instance: Instance, profile: Profile, order: TieBreak, settings: Any = None) -> Outcome:
        chosen = self.settings if settings is None else settings
        try:
            outcome = decide(self._find, self.one, chosen, instance, profile, order)
        except Exception as error:  # noqa: BLE001  # an author reads what it was
            self.need(False, f"`decide` raised {named(error)} for {instance}.")
        self.need(isinstance(outcome, Outcome), f"`decide` answered {type(outcome).__name__} instead of an Outcome.")
        return outcome

    def _find(self, key: str) -> OutcomeRule:
        self.need(key in self.around, f"it asks for the rule {key!r}; name its class in `around`.")
        return self.around[key]()

    @staticmethod
    def paid(outcome: Outcome, instance: Instance) -> dict[ProjectRef, int]:
        costs = {candidate.ref: candidate.cost for candidate in instance.candidates}
        return {ref: outcome.amounts.get(ref, costs.get(ref, 0)) for ref in outcome.allocation}

    # Money.

    def test_it_never_spends_more_than_there_is(self) -> None:
        @self.tried(self.held(), examples=self.examples * 3)
        def within(given: Election) -> None:
            instance, profile, order = given
            outcome = self.decided(instance, profile, order)
            known = {candidate.ref: candidate for candidate in instance.candidates}
            self.need(set(outcome.allocation) <= set(known), "it funds a project that is not on offer.")
            self.need(len(set(outcome.allocation)) == len(outcome.allocation), "it funds a project twice.")
            whole = all(type(value) is int for value in (outcome.spent, outcome.remaining, *outcome.amounts.values()))
            self.need(whole, "an amount is no whole number of pence: count in whole numbers or fractions.", "exactness")
            paid = self.paid(outcome, instance)
            self.need(
                sum(paid.values()) == outcome.spent, f"it says it spent {outcome.spent}, and paid {sum(paid.values())}."
            )
            self.need(outcome.spent <= instance.budget, f"it spent {outcome.spent} of {instance.budget}.")
            self.need(
                outcome.remaining == instance.budget - outcome.spent,
                "what is left is not the budget less what was spent.",
            )
            for ref, amount in paid.items():
                low = known[ref].minimum or 0
                self.need(low <= amount <= known[ref].cost, f"{ref} gets {amount} at a cost of {known[ref].cost}.")

    def test_more_money_breaks_nothing(self) -> None:
        """From nothing to far too much, with the sums at which everything is just not and just paid in between."""

        @self.tried(self.held())
        def more(given: Election) -> None:
            instance, profile, order = given
            every = sum(candidate.cost for candidate in instance.candidates)
            sums = {0, instance.budget // 2, instance.budget + 1, max(every - 1, 0), every, 2 * every + 1, 10**15}
            for budget in sorted(sums):
                rich = replace(instance, budget=budget)
                self._told(self.decided(rich, profile, order), rich)

    # The same answer for the same votes.

    def test_the_same_ballots_give_the_same_answer(self) -> None:
        @self.tried(self.held())
        def same(given: Election) -> None:
            first, second = self.decided(*given), self.decided(*given)
            self.need(
                outcome_digest(first) == outcome_digest(second), "two counts of the same ballots differ.", "exactness"
            )

    def test_the_order_of_projects_and_ballots_means_nothing(self) -> None:
        @self.tried(self.held(), st.randoms(use_true_random=False))
        def turned(given: Election, random: Any) -> None:
            instance, profile, order = given
            mixed = replace(instance, candidates=tuple(random.sample(instance.candidates, len(instance.candidates))))
            refs = [candidate.ref for candidate in mixed.candidates]
            again = self.decided(mixed, self._turned(profile, refs), order)
            here = self.decided(instance, profile, order)
            self.need(
                outcome_digest(again) == outcome_digest(here), "projects in another order give another answer.", "ties"
            )

    def test_names_mean_nothing(self) -> None:
        """Projects with other names, in the same published order, fare the same."""

        @self.tried(self.held())
        def named_otherwise(given: Election) -> None:
            instance, profile, order = given
            names = {ref: f"{chr(122 - place % 26)}{place}" for place, ref in enumerate(sorted(profile.refs))}
            other = replace(instance, candidates=tuple(replace(one, ref=names[one.ref]) for one in instance.candidates))
            same = Profile(
                profile.family,
                tuple(names[ref] for ref in profile.refs),
                profile.start,
                profile.columns,
                profile.scores,
                profile.multiplicity,
            )
            turned = TieBreak(tuple(names[ref] for ref in order.order), order.commitment)
            here = renamed(self.decided(instance, profile, order), names)
            there = renamed(self.decided(other, same, turned), {ref: ref for ref in names.values()})
            self.need(here == there, "projects with other names fare otherwise.", "ties")

    def test_ties_that_matter_are_told(self) -> None:
        """Where no tie is told, another published order cannot change anything."""

        @self.tried(self.held(), examples=self.examples * 2)
        def told(given: Election) -> None:
            instance, profile, order = given
            outcome = self.decided(instance, profile, order)
            for tie in outcome.ties:
                inside = set(tie.projects) <= set(profile.refs) and len(tie.projects) > 1
                self.need(inside, "a tie names one project, or one that is not on offer.", "ties")
                first = not tie.chosen or tie.chosen in tie.projects
                self.need(first, "a tie was decided for a project that was not in it.", "ties")
            if not outcome.ties:
                other = self.decided(instance, profile, TieBreak(order.order[::-1], order.commitment))
                same = set(other.allocation) == set(outcome.allocation)
                self.need(same, "another order of ties changes what is funded, and no tie is told.", "ties")

    def _turned(self, profile: Profile, refs: list[ProjectRef]) -> Profile:
        places = {ref: column for column, ref in enumerate(refs)}
        rows: dict[tuple[tuple[int, int], ...], int] = {}
        for row in reversed(range(profile.distinct)):
            piece = slice(int(profile.start[row]), int(profile.start[row + 1]))
            cells = zip(profile.columns[piece].tolist(), profile.scores[piece].tolist(), strict=True)
            key = tuple(sorted((places[profile.refs[column]], score) for column, score in cells))
            rows[key] = rows.get(key, 0) + int(profile.multiplicity[row])
        return Profile.build(profile.family, refs, rows)

    # Told so that a citizen can redo it.

    def _told(self, outcome: Outcome, instance: Instance) -> None:
        steps = list(self.one.explain(outcome))
        about = {step.project for step in steps if step.project}
        every = {candidate.ref for candidate in instance.candidates}
        self.need(about == every, f"`explain` says nothing of {sorted(every - about)[:3]}.", "explaining")
        funded = [step.project for step in steps if step.project and step.funded]
        self.need(
            list(dict.fromkeys(funded)) == list(outcome.allocation),
            "the steps fund otherwise than the allocation.",
            "explaining",
        )

    def test_the_steps_are_the_allocation(self) -> None:
        @self.tried(self.held(), examples=self.examples * 2)
        def told(given: Election) -> None:
            outcome = self.decided(*given)
            self._told(outcome, given[0])
            both_languages([step.sentence for step in outcome.steps], "a step", "languages")
            for step in outcome.steps:
                self.need(step.sentence.en, "a step says nothing.", "explaining")
            try:
                json.dumps([dict(outcome.facts), *(dict(step.facts) for step in outcome.steps)], default=str)
            except (TypeError, ValueError) as error:
                self.need(False, f"facts cannot be written as JSON: {named(error)}.", "explaining")

    def test_what_everybody_wants_and_can_be_paid_is_funded(self) -> None:
        if not self.promises_unanimity:
            return

        @st.composite
        def unanimous(draw: DrawFn) -> Election:
            family = draw(self.family())
            count = draw(st.integers(1, 5))
            refs = [f"p{number}" for number in range(count)]
            costs = [draw(st.integers(1, 100)) for _ in refs]
            values = {BallotFamily.APPROVAL: [1] * count, BallotFamily.ORDINAL: list(range(count, 0, -1))}
            row = tuple(enumerate(values.get(family, [10] * count)))
            profile = Profile.build(family, refs, {row: draw(st.integers(1, 50))})
            candidates = tuple(Candidate(ref, cost) for ref, cost in zip(refs, costs, strict=True))
            budget = sum(costs) + draw(st.integers(0, 50))
            return Instance(budget, candidates), profile, tie_break_from(draw(st.binary(max_size=3)), refs)

        @self.tried(unanimous())
        def funded(given: Election) -> None:
            outcome = self.decided(*given)
            left = sorted(set(given[1].refs) - set(outcome.allocation))
            self.need(
                not left, f"everybody wants {left}, it can be paid, and goes without: say `promises_unanimity = False`?"
            )

    def test_nobody_and_nothing(self) -> None:
        for family in sorted(self.module.accepts):
            empty = Profile.build(family, (), {})
            self._told(self.decided(Instance(100, ()), empty, TieBreak(())), Instance(100, ()))
            one = Instance(100, (Candidate("p", 50),))
            none: dict[tuple[tuple[int, int], ...], int] = {}
            blank: dict[tuple[tuple[int, int], ...], int] = {(): 5}
            for rows in (none, blank):
                self._told(self.decided(one, Profile.build(family, ("p",), rows), TieBreak(("p",))), one)

    def test_check_answers_in_words(self) -> None:
        @self.tried(self.held(), examples=10)
        def said(given: Election) -> None:
            both_languages(list(self.one.check(given[0], self.settings)), "`check`", "languages")

    def test_settings_of_all_kinds_keep_the_budget(self) -> None:
        from plugins.testkit.strategies import settings_of

        if self.around:
            return

        @self.tried(self.held(), settings_of(self.module))
        def within(given: Election, chosen: BaseModel) -> None:
            instance, profile, order = given
            assume(not self.one.check(instance, chosen))
            outcome = self.decided(instance, profile, order, chosen)
            self.need(outcome.spent <= instance.budget, f"with {chosen} it spent {outcome.spent} of {instance.budget}.")
            self._told(outcome, instance)

    def test_it_decides_a_large_vote_in_time(self) -> None:
        voters, count = self.size
        random = np.random.default_rng(20261124)
        refs = tuple(f"p{number:03}" for number in range(count))
        family = min(self.module.accepts)
        rows: dict[tuple[tuple[int, int], ...], int] = {}
        for _ in range(voters):
            chosen = sorted(int(one) for one in random.choice(count, size=min(count, 6), replace=False))
            places = random.permutation(len(chosen))
            given = [1] * len(chosen) if family is BallotFamily.APPROVAL else [int(count - place) for place in places]
            row = tuple(zip(chosen, given, strict=True))
            rows[row] = rows.get(row, 0) + 1
        profile = Profile.build(family, refs, rows)
        instance = Instance(30_000_00, tuple(Candidate(ref, int(random.integers(100_00, 3000_00))) for ref in refs))
        order = tie_break_from(b"size", refs)
        what = f"with {voters:,} ballots and {count} projects"
        self.quick("decide", self.seconds, lambda: self.decided(instance, profile, order), what)
