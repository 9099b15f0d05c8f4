"""By votes: most votes or points first, as long as the money lasts.

`greedy-skip` passes over a project that does not fit and goes on; `greedy-stop` ends there. Whole numbers only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import groupby
from typing import ClassVar

from plugins.api.kinds import OutcomeRule
from plugins.api.profile import Profile
from plugins.api.text import Text
from plugins.api.values import (
    BallotFamily,
    Candidate,
    Instance,
    Outcome,
    Problem,
    ProjectRef,
    Step,
    Tie,
    TieBreak,
)
from plugins.bundled.outcome_greedy.settings import GreedySettings

FUNDED = Text(
    "Funded: votes {points}, place {place}. It needed {cost} and {left} was left.",
    "Air a mhaoineachadh: bhòtaichean {points}, àite {place}. Bha feum aige air {cost} agus bha {left} air fhàgail.",
)
TOO_DEAR = Text(
    "Not funded: votes {points}. It needed {cost}, and {left} was left. Projects funded before it: {funded}.",
    "Cha deach a mhaoineachadh: bhòtaichean {points}. Bha feum aige air {cost}, agus bha {left} air fhàgail "
    "aig an ìre sin. Pròiseactan a chaidh a mhaoineachadh roimhe: {funded}.",
)
STOPPED = Text(
    "Not funded: votes {points}. The count ended before it, at a project with votes {at} "
    "that needed {needed} when {left} was left.",
    "Cha deach a mhaoineachadh: bhòtaichean {points}. Thàinig an cunntas gu crìch roimhe, aig pròiseact le "
    "bhòtaichean {at} aig an robh feum air {needed} nuair a bha {left} air fhàgail.",
)
TOO_FEW = Text(
    "Not funded: votes {points}. At least {minimum} were needed.",
    "Cha deach a mhaoineachadh: bhòtaichean {points}. Bha feum air co-dhiù {minimum}.",
)
NO_MONEY = Text(
    "There is no money to decide on. Give the pot an amount above zero.",
    "Chan eil airgead ann airson co-dhùnadh mu dheidhinn. Thoir suim nas àirde na neoni don mhaoin.",
)
ABOVE_POT = Text(
    "A project costs {cost}, more than the whole pot of {budget}. It can never be funded.",
    "Cosgaidh pròiseact {cost}, nas motha na a’ mhaoin gu lèir, {budget}. Chan urrainnear a mhaoineachadh idir.",
)


class ByVotes(OutcomeRule):
    """What both rules share."""

    accepts = frozenset(BallotFamily)
    Settings = GreedySettings
    stops: ClassVar[bool]

    def check(self, instance: Instance, settings: GreedySettings) -> list[Problem]:
        problems = []
        if instance.budget <= 0:
            problems.append(Problem("outcome.no_budget", NO_MONEY, "budget"))
        for candidate in instance.candidates:
            if candidate.cost > instance.budget > 0:
                message = ABOVE_POT.format(
                    cost=instance.amount(candidate.cost), budget=instance.amount(instance.budget)
                )
                problems.append(Problem("outcome.above_pot", message, candidate.ref))
        return problems

    def decide(
        self,
        instance: Instance,
        profile: Profile,
        settings: GreedySettings,
        tie_break: TieBreak,
        inner: Callable[[Instance], Outcome] | None = None,
    ) -> Outcome:
        points = profile.points_of()
        place = {ref: number for number, ref in enumerate(tie_break.order)}
        order = sorted(instance.candidates, key=lambda c: (-points.get(c.ref, 0), place[c.ref]))
        left = instance.budget
        allocation: list[ProjectRef] = []
        steps: list[Step] = []
        ties: list[Tie] = []
        ended: Candidate | None = None
        for score, group in groupby(order, key=lambda c: points.get(c.ref, 0)):
            equal = list(group)
            before, already = left, len(allocation)
            was_open = ended is None
            for candidate in equal:
                facts = {"votes": score, "cost": candidate.cost, "left": left, "funded_before": len(allocation)}
                said = {"points": f"{score:,}", "cost": instance.amount(candidate.cost)}
                if score < settings.minimum_points:
                    sentence = TOO_FEW.format(**said, minimum=f"{settings.minimum_points:,}")
                    steps.append(Step(candidate.ref, False, sentence, facts))
                elif ended is not None:
                    sentence = STOPPED.format(
                        points=said["points"],
                        at=f"{points.get(ended.ref, 0):,}",
                        needed=instance.amount(ended.cost),
                        left=instance.amount(left),
                    )
                    steps.append(Step(candidate.ref, False, sentence, facts))
                elif candidate.cost <= left:
                    sentence = FUNDED.format(**said, place=len(allocation) + 1, left=instance.amount(left))
                    steps.append(Step(candidate.ref, True, sentence, facts))
                    allocation.append(candidate.ref)
                    left -= candidate.cost
                else:
                    sentence = TOO_DEAR.format(**said, left=instance.amount(left), funded=len(allocation))
                    steps.append(Step(candidate.ref, False, sentence, facts))
                    if self.stops:
                        ended = candidate
            if was_open and score >= settings.minimum_points:
                ties += self._tie(equal, before, allocation[already:], points)
        return Outcome(
            allocation=tuple(allocation),
            spent=instance.budget - left,
            remaining=left,
            steps=tuple(steps),
            ties=tuple(ties),
        )

    def _tie(
        self,
        equal: list[Candidate],
        left: int,
        funded: list[ProjectRef],
        points: Mapping[ProjectRef, int],
    ) -> list[Tie]:
        """The tie, if another order of these equal projects could have funded others."""
        rivals = equal if self.stops else [candidate for candidate in equal if candidate.cost <= left]
        if len(rivals) < 2 or sum(candidate.cost for candidate in rivals) <= left:
            return []
        refs = tuple(candidate.ref for candidate in rivals)
        return [Tie(refs, funded[0] if funded else "", f"{points.get(refs[0], 0)}")]


class GreedySkip(ByVotes):
    key = "greedy-skip"
    label = Text(
        "Most votes first, passing over what does not fit",
        "Na bhòtaichean as motha an toiseach, a’ leum thairis air na tha ro dhaor",
    )
    description = Text(
        "Projects are funded from the most votes down. A project that costs more than the money left is passed "
        "over and the next one is looked at.",
        "Thèid pròiseactan a mhaoineachadh bhon fhear as motha bhòtaichean sìos. Ma chosgas pròiseact barrachd na "
        "tha air fhàgail, thèid leum thairis air agus thèid coimhead air an ath fhear.",
    )
    stops = False


class GreedyStop(ByVotes):
    key = "greedy-stop"
    label = Text(
        "Most votes first, until one does not fit",
        "Na bhòtaichean as motha an toiseach, gus nach gabh fear a phàigheadh",
    )
    description = Text(
        "Projects are funded from the most votes down. The count ends at the first project that costs more than "
        "the money left.",
        "Thèid pròiseactan a mhaoineachadh bhon fhear as motha bhòtaichean sìos. Thig an cunntas gu crìch aig a’ "
        "chiad phròiseact a chosgas barrachd na tha air fhàgail.",
    )
    stops = True
