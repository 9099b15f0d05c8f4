"""Fund everything where the money is enough for all; otherwise another rule decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from plugins.api.by_votes import sum_said
from plugins.api.errors import PluginError
from plugins.api.kinds import OutcomeRule
from plugins.api.profile import Profile
from plugins.api.spending import NO_MONEY, Purse, SpendingSettings, filled
from plugins.api.text import Text
from plugins.api.values import BallotFamily, Candidate, Instance, Outcome, Problem, Step, TieBreak
from plugins.bundled.outcome_fund_all.settings import FundAllSettings

FUNDED = Text(
    "Funded: {standing}. The {count} projects with at least {minimum} cost {together} together, and the pot is "
    "{budget}.",
    "Air a mhaoineachadh: {standing}. Cosgaidh na pròiseactan le co-dhiù {minimum} ({count} dhiubh) "
    "{together} còmhla, agus ’s e {budget} a’ mhaoin.",
)
TOO_FEW = Text(
    "Not funded: {standing}. At least {minimum} were needed.",
    "Cha deach a mhaoineachadh: {standing}. Bha feum air co-dhiù {minimum}.",
)
NOT_ALL = Text(
    "The {count} projects with at least {minimum} cost {together} together, {more} more than the pot of "
    "{budget}. So the rule for that case decided.",
    "Cosgaidh na pròiseactan le co-dhiù {minimum} ({count} dhiubh) {together} còmhla, {more} a "
    "bharrachd air a’ mhaoin, {budget}. Mar sin ’s e an riaghailt airson sin a cho-dhùin.",
)

NOT_FROM_KEPT = Text(
    "The {count} projects with at least {minimum} cost {together} together and the pot is {budget}, but part of it is "
    "kept for certain projects, and the rest is not enough for the others. So the rule for that case decided.",
    "Cosgaidh na pròiseactan le co-dhiù {minimum} ({count} dhiubh) {together} còmhla agus ’s e {budget} a’ mhaoin, ach "
    "tha pàirt dhith ga glèidheadh do phròiseactan sònraichte, agus chan eil an còrr gu leòr dhan fheadhainn eile. Mar "
    "sin ’s e an riaghailt airson sin a cho-dhùin.",
)


class FundAllIfUnder(OutcomeRule):
    key = "fund-all-if-under"
    label = Text("Everything, if the money is enough", "A h-uile gin, ma tha an t-airgead gu leòr")
    description = Text(
        "If all projects together cost no more than the pot, all of them are funded. If they cost more, another rule "
        "decides.",
        "Mura cosg na pròiseactan uile còmhla barrachd air a’ mhaoin, thèid a h-uile gin a mhaoineachadh. Ma chosgas "
        "iad barrachd, co-dhùinidh riaghailt eile.",
    )
    accepts = frozenset(BallotFamily)
    Settings = FundAllSettings

    def check(self, instance: Instance, settings: FundAllSettings) -> list[Problem]:
        return [Problem("outcome.no_budget", NO_MONEY, "budget")] if instance.budget <= 0 else []

    def _paid(self, instance: Instance, candidates: Sequence[Candidate], settings: FundAllSettings) -> bool:
        """Whether money that each may have pays for all of them."""
        purse = Purse(instance, SpendingSettings(ring_fences=settings.ring_fences))
        for one in candidates:
            if purse.money(one) < one.cost:
                return False
            purse.pay(one, one.cost)
        return True

    def decide(
        self,
        instance: Instance,
        profile: Profile,
        settings: FundAllSettings,
        tie_break: TieBreak,
        inner: Callable[[Instance], Outcome] | None = None,
    ) -> Outcome:
        points = profile.points_of()
        place = {ref: number for number, ref in enumerate(tie_break.order)}
        order = sorted(instance.candidates, key=lambda one: (-points.get(one.ref, 0), place[one.ref]))
        enough = [one for one in order if points.get(one.ref, 0) >= settings.minimum_points]
        rest = order[len(enough) :]
        together = sum(one.cost for one in enough)
        said = {
            "count": len(enough),
            "minimum": f"{settings.minimum_points:,}",
            "together": instance.amount(together),
            "budget": instance.amount(instance.budget),
        }
        facts = {"together": together}
        aside = [
            Step(
                one.ref,
                False,
                filled(TOO_FEW, sum_said(profile, points.get(one.ref, 0)), minimum=said["minimum"]),
                {"votes": points.get(one.ref, 0), "cost": one.cost},
            )
            for one in rest
        ]
        if together <= max(instance.budget, 0) and self._paid(instance, enough, settings):
            funded = [
                Step(
                    one.ref,
                    True,
                    filled(FUNDED, sum_said(profile, points.get(one.ref, 0)), **said),
                    {**facts, "votes": points.get(one.ref, 0), "cost": one.cost},
                )
                for one in enough
            ]
            return Outcome(
                allocation=tuple(one.ref for one in enough),
                spent=together,
                remaining=instance.budget - together,
                steps=(*funded, *aside),
            )
        if inner is None:
            raise PluginError("Not everything fits, and no rule was given for that case.")
        found = inner(replace(instance, candidates=tuple(enough)))
        if together > instance.budget:
            message = NOT_ALL.format(more=instance.amount(together - instance.budget), **said)
        else:
            message = NOT_FROM_KEPT.format(**said)
        first = Step("", True, message, facts)
        return replace(found, steps=(first, *found.steps, *aside))
