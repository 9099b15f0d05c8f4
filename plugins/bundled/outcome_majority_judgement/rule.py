"""Majority judgement: projects by the grade of the middle voter, the best first, as long as the money lasts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

from plugins.api.kinds import OutcomeRule
from plugins.api.profile import Profile
from plugins.api.spending import Spending, Standing, filled, spending_problems
from plugins.api.text import Text
from plugins.api.values import BallotFamily, Instance, Outcome, Problem, Step, TieBreak
from plugins.bundled.outcome_majority_judgement.merit import Merit, first_difference, merits_of
from plugins.bundled.outcome_majority_judgement.settings import MajorityJudgementSettings

SAID = Text(
    "middle grade {grade}, with {better} voters above it and {worse} below",
    "breith mheadhain {grade}, le {better} os a cionn agus {worse} foidhpe",
)
TOO_LOW = Text(
    "Not funded: {standing}. A middle grade of at least {minimum} was needed.",
    "Cha deach a mhaoineachadh: {standing}. Bha feum air breith mheadhain de cho-dhiù {minimum}.",
)
GRADES = Text(
    "Grades are counted from 0, the worst. {voters} voters judged; a project without a grade on a ballot has the "
    "worst. The middle grade is the one that at least half of the voters give or exceed.",
    "Tha na breithean air an cunntadh o 0, an tè as miosa. Thug {voters} breith; ma tha pròiseact gun bhreith air "
    "pàipear, gheibh e an tè as miosa. ’S e a’ bhreith mheadhain an tè a bheir co-dhiù leth an luchd-bhòtaidh no a "
    "bheir iad a bharrachd oirre.",
)
TOLD_APART = Text(
    "{first} and {second} have the same middle grade, {grade}. When voters with the middle grade are taken away one by "
    "one, as many from each, the middle is the same until {taken} are gone; then it is {higher} for {first} and "
    "{lower} for {second}. So {first} comes first.",
    "Tha an aon bhreith mheadhain aig {first} agus {second}: {grade}. Nuair a thèid luchd-bhòtaidh leis a’ bhreith "
    "mheadhain a thoirt air falbh fear an dèidh fir, an aon àireamh o gach pròiseact, tha am meadhan co-ionann gus am "
    "bi {taken} air falbh; an uair sin ’s e {higher} a th’ ann do {first} agus {lower} do {second}. Mar sin tha "
    "{first} air thoiseach.",
)


class MajorityJudgement(OutcomeRule):
    key = "majority-judgement"
    label = Text("The middle voter’s grade", "Breith an neach-bhòtaidh sa mheadhan")
    description = Text(
        "A project is as good as the middle voter says. The best projects are funded first, as long as the money "
        "lasts.",
        "Tha pròiseact cho math ’s a tha an neach-bhòtaidh sa mheadhan ag ràdh. Thèid na pròiseactan as fheàrr a "
        "mhaoineachadh an toiseach, fhad ’s a mhaireas an t-airgead.",
    )
    accepts = frozenset({BallotFamily.CARDINAL})
    Settings = MajorityJudgementSettings

    def check(self, instance: Instance, settings: MajorityJudgementSettings) -> list[Problem]:
        return spending_problems(instance, settings)

    def decide(
        self,
        instance: Instance,
        profile: Profile,
        settings: MajorityJudgementSettings,
        tie_break: TieBreak,
        inner: Callable[[Instance], Outcome] | None = None,
    ) -> Outcome:
        merits = dict(zip(profile.refs, merits_of(profile), strict=True))
        standings = []
        for candidate in instance.candidates:
            merit = merits[candidate.ref]
            said = SAID.format(grade=merit.grade, better=f"{merit.better:,}", worse=f"{merit.worse:,}")
            refused = None
            if merit.grade < settings.minimum_grade:
                refused = filled(TOO_LOW, said, minimum=settings.minimum_grade)
            facts = {"grade": merit.grade, "better": merit.better, "worse": merit.worse, "counts": merit.counts}
            standings.append(Standing(candidate, merit.value, said, refused, facts))
        spending = Spending(instance, settings, tie_break, stops=settings.too_dear == "stop")
        outcome = spending.decide(standings)
        before = [Step("", True, GRADES.format(voters=f"{profile.voters:,}"), {"voters": profile.voters})]
        before += self._told_apart([(step.project, merits[step.project]) for step in outcome.steps])
        return replace(outcome, steps=(*before, *outcome.steps))

    def _told_apart(self, ordered: Sequence[tuple[str, Merit]]) -> list[Step]:
        """Why, of two projects in a row with the same grade, the first comes first."""
        steps = []
        for (first, one), (second, other) in pairwise(ordered):
            taken = first_difference(one, other) if one.grade == other.grade else None
            if taken is None:
                continue
            said = {"grade": one.grade, "taken": taken, "higher": one.value[taken], "lower": other.value[taken]}
            sentence = TOLD_APART.format(first=first, second=second, **said)
            steps.append(Step("", True, sentence, {"first": first, "second": second, **said}))
        return steps
