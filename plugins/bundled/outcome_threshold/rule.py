"""A threshold: projects with too small a share of the votes are set aside, and another rule decides on the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from plugins.api.errors import PluginError
from plugins.api.kinds import OutcomeRule
from plugins.api.profile import Profile
from plugins.api.spending import NO_MONEY
from plugins.api.text import Text
from plugins.api.values import BallotFamily, Instance, Outcome, Problem, Step, TieBreak
from plugins.bundled.outcome_threshold.settings import ThresholdSettings

BELOW = Text(
    "Not funded: {votes} of {valid} voters chose it. At least {needed} were needed ({percent} %).",
    "Cha deach a mhaoineachadh: thagh {votes} à {valid} de luchd-bhòtaidh e. Bha feum air co-dhiù {needed} "
    "({percent} %).",
)
BELOW_IN_AREA = Text(
    "Not funded: {votes} voters chose it, of {valid} who voted for projects of {area}. At least {needed} were needed "
    "({percent} %).",
    "Cha deach a mhaoineachadh: thagh {votes} e, à {valid} a bhòt airson pròiseactan ann an {area}. Bha feum air "
    "co-dhiù {needed} ({percent} %).",
)
FEW = Text(
    "Not funded: {votes} voters chose it. At least {needed} were needed.",
    "Cha deach a mhaoineachadh: thagh {votes} e. Bha feum air co-dhiù {needed}.",
)
NOBODY = Text(
    "No project reached the votes that were needed, so nothing is funded.",
    "Cha do ràinig pròiseact sam bith na bhòtaichean air an robh feum, agus mar sin cha tèid dad a mhaoineachadh.",
)


class Threshold(OutcomeRule):
    key = "threshold"
    label = Text("A share of the votes is needed", "Feumar roinn de na bhòtaichean")
    description = Text(
        "Only projects that a declared share of the voters chose can be funded. Among those another rule decides.",
        "Chan urrainnear ach pròiseactan a mhaoineachadh a thagh roinn shònraichte den luchd-bhòtaidh. Nam measg sin "
        "co-dhùinidh riaghailt eile.",
    )
    accepts = frozenset(BallotFamily)
    Settings = ThresholdSettings

    def check(self, instance: Instance, settings: ThresholdSettings) -> list[Problem]:
        return [Problem("outcome.no_budget", NO_MONEY, "budget")] if instance.budget <= 0 else []

    def decide(
        self,
        instance: Instance,
        profile: Profile,
        settings: ThresholdSettings,
        tie_break: TieBreak,
        inner: Callable[[Instance], Outcome] | None = None,
    ) -> Outcome:
        if inner is None:
            raise PluginError("The threshold was given no rule to decide among the projects that reach it.")
        votes = dict(zip(profile.refs, (int(one) for one in profile.support), strict=True))
        valid = self._valid(instance, profile, settings)
        kept, steps = [], []
        place = {ref: number for number, ref in enumerate(tie_break.order)}
        for one in sorted(instance.candidates, key=lambda one: (-votes[one.ref], place[one.ref])):
            of = valid[one.area if settings.of == "area" else ""]
            share = -(-of * settings.percent // 100)
            needed = max(share, settings.votes)
            if votes[one.ref] >= needed:
                kept.append(one)
                continue
            sentence = FEW if settings.votes > share else BELOW_IN_AREA if settings.of == "area" else BELOW
            said = sentence.format(
                votes=f"{votes[one.ref]:,}",
                valid=f"{of:,}",
                area=one.area or "-",
                needed=f"{needed:,}",
                percent=settings.percent,
            )
            facts = {"votes": votes[one.ref], "valid": of, "needed": needed, "cost": one.cost}
            steps.append(Step(one.ref, False, said, facts))
        if not kept:
            return Outcome((), 0, instance.budget, (*steps, Step("", False, NOBODY)))
        found = inner(replace(instance, candidates=tuple(kept)))
        return replace(found, steps=(*found.steps, *steps))

    def _valid(self, instance: Instance, profile: Profile, settings: ThresholdSettings) -> dict[str, int]:
        """The votes a share is taken of. In an area those count that chose one of its projects."""
        if settings.of == "all":
            return {"": profile.voters}
        areas: dict[str, list[str]] = {}
        for one in instance.candidates:
            areas.setdefault(one.area, []).append(one.ref)
        return {area: profile.voters_for(refs) for area, refs in areas.items()}
