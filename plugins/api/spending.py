"""A base for rules that go down a list of projects, the best first, and spend until the money ends.

A rule says in which order projects stand and why (`Standing`); `Spending` does the rest, so that what a council has
declared holds alike under every such rule: money kept for a purpose is used first and for nothing else, no area or
category gets more than its most, of projects that exclude one another one is funded, and a tie that matters is decided
by the published order or ends the count.

Each project is paid from the first kept money that covers it, then from the open money. So whether projects can be
paid together does not depend on the order in which they are looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from plugins.api.text import NO_TEXT, Text
from plugins.api.values import Candidate, Instance, Outcome, Problem, ProjectRef, Step, Tie, TieBreak

FUNDED = Text(
    "Funded: {standing}, place {place}. It needed {cost} and {left} was left.",
    "Air a mhaoineachadh: {standing}, àite {place}. Bha feum aige air {cost} agus bha {left} air fhàgail.",
)
IN_PART = Text(
    "Funded in part: {standing}, place {place}. It needed {cost} and {left} was left. It can begin with {minimum}, "
    "so it gets {amount}.",
    "Air a mhaoineachadh ann am pàirt: {standing}, àite {place}. Bha feum aige air {cost} agus bha {left} air fhàgail. "
    "’S urrainn dha tòiseachadh le {minimum}, agus mar sin gheibh e {amount}.",
)
TOO_DEAR = Text(
    "Not funded: {standing}. It needed {cost}, and {left} was left. Projects funded before it: {funded}.",
    "Cha deach a mhaoineachadh: {standing}. Bha feum aige air {cost}, agus bha {left} air fhàgail "
    "aig an ìre sin. Pròiseactan a chaidh a mhaoineachadh roimhe: {funded}.",
)
BELOW_MINIMUM = Text(
    "Not funded: {standing}. It needed {cost}, or at least {minimum} to begin with, and {left} was left.",
    "Cha deach a mhaoineachadh: {standing}. Bha feum aige air {cost}, no co-dhiù {minimum} airson tòiseachadh, agus "
    "bha {left} air fhàgail.",
)
STOPPED = Text(
    "Not funded: {standing}. The count ended before it, at a project with {at} that needed {needed} when {left} was "
    "left.",
    "Cha deach a mhaoineachadh: {standing}. Thàinig an cunntas gu crìch roimhe, aig pròiseact le {at} aig an robh feum "
    "air {needed} nuair a bha {left} air fhàgail.",
)
CAPPED = Text(
    "Not funded: {standing}. It needed {cost}. No more than {cap} may go to {what}, and {left} of that was left.",
    "Cha deach a mhaoineachadh: {standing}. Bha feum aige air {cost}. Chan fhaod barrachd air {cap} a dhol gu {what}, "
    "agus bha {left} dheth sin air fhàgail.",
)
EXCLUDED = Text(
    "Not funded: {standing}. Only one of this project and {other} can be funded, and {other} came first.",
    "Cha deach a mhaoineachadh: {standing}. Chan urrainnear ach aon a mhaoineachadh, am pròiseact seo no {other}, "
    "agus bha {other} air thoiseach.",
)
UNDECIDED = Text(
    "Not decided: {standing}. It stands equal with {others}, and there is not enough money for all of them; {left} was "
    "left.",
    "Gun cho-dhùnadh: {standing}. Tha e co-ionann ri {others}, agus chan eil airgead gu leòr ann dhaibh uile; bha "
    "{left} air fhàgail.",
)
AFTER_TIE = Text(
    "Not decided: {standing}. The count stopped before it, at projects that stand equal with {at}.",
    "Gun cho-dhùnadh: {standing}. Stad an cunntas roimhe, aig pròiseactan co-ionann le {at}.",
)
FROM_KEPT = Text(
    " {amount} of it came from the money for {what} only.",
    " Thàinig {amount} dheth on airgead a tha do {what} a-mhàin.",
)
ON_RESERVE = Text(" On the reserve list: place {place}.", " Air an liosta-ghlèidhte: àite {place}.")
NO_MONEY = Text(
    "There is no money to decide on. Give the pot an amount above zero.",
    "Chan eil airgead ann airson co-dhùnadh mu dheidhinn. Thoir suim nas àirde na neoni don mhaoin.",
)
ABOVE_POT = Text(
    "A project costs {cost}, more than the whole pot of {budget}. It can never be funded.",
    "Cosgaidh pròiseact {cost}, nas motha na a’ mhaoin gu lèir, {budget}. Chan urrainnear a mhaoineachadh idir.",
)
KEPT_ABOVE_POT = Text(
    "{kept} is kept for certain purposes, but the whole pot is {budget}. Keep less, or give the pot more.",
    "Tha {kept} ga ghlèidheadh airson adhbharan sònraichte, ach ’s e {budget} a’ mhaoin gu lèir. Glèidh nas lugha, no "
    "cuir ris a’ mhaoin.",
)
COVERS_NOTHING = Text(
    "{amount} is set for {what}, but no project is of that kind. Check how it is written.",
    "Tha {amount} air a shuidheachadh airson {what}, ach chan eil pròiseact den t-seòrsa sin ann. Thoir sùil air mar a "
    "tha e sgrìobhte.",
)
NO_SUCH_PROJECT = Text(
    "{ref} is named among projects that exclude one another, but it is not offered.",
    "Tha {ref} air ainmeachadh am measg pròiseactan a chuireas às da chèile, ach chan eil e ga thairgsinn.",
)
MINIMUM_ABOVE_COST = Text(
    "A project can begin with {minimum}, which is more than its cost of {cost}.",
    "’S urrainn do phròiseact tòiseachadh le {minimum}, ach tha sin nas motha na a’ chosgais aige, {cost}.",
)

MONEY: dict[str, Any] = {"money": True}
"""Marks a setting as an amount in minor units, for whoever shows it or reads it in another unit."""


def filled(text: Text, standing: Text, **values: object) -> Text:
    """A sentence about a project that stands so; `standing` reads differently in each language."""
    return Text(
        text.en.format(standing=standing.en, **values),
        text.gd.format(standing=standing.gd, **values),
    )


def joined(*texts: Text) -> Text:
    return Text("".join(text.en for text in texts), "".join(text.gd for text in texts))


class Earmark(BaseModel):
    """An amount for the projects of one category, of one area, or of both together."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    amount: int = Field(ge=0, title="Amount (pence)", json_schema_extra=MONEY)
    category: str = Field(default="", max_length=200, title="Category")
    area: str = Field(default="", max_length=200, title="Area")

    @model_validator(mode="after")
    def names_something(self) -> Self:
        if not self.category and not self.area:
            raise ValueError("Name a category or an area that the amount is for.")
        return self

    def covers(self, candidate: Candidate) -> bool:
        of_category = not self.category or self.category in candidate.categories
        return of_category and (not self.area or self.area == candidate.area)

    @property
    def what(self) -> str:
        """What it is for, in the words of the round."""
        return " / ".join(word for word in (self.category, self.area) if word)


class SpendingSettings(BaseModel):
    """What every rule that stands on `Spending` lets an officer declare."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ring_fences: tuple[Earmark, ...] = Field(default=(), title="Money kept for a category or an area, used first")
    caps: tuple[Earmark, ...] = Field(default=(), title="The most that may go to a category or an area")
    exclusive: tuple[tuple[str, ...], ...] = Field(default=(), title="Projects of which only one can be funded")
    reserve_list: int = Field(default=0, ge=0, le=500, title="Places on the reserve list")
    on_tie: Literal["order", "stop"] = Field(
        default="order",
        title="When projects stand equal and the money is not enough for all",
        json_schema_extra={"labels": {"order": "The published order decides", "stop": "Stop the count there"}},
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a project stands: equal `key` is a tie, the highest key comes first. `said` is the same in words.

    `refused` is why it may not be funded, whatever money there is; None where it may.
    """

    candidate: Candidate
    key: Any
    said: Text
    refused: Text | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def pot_problems(instance: Instance) -> list[Problem]:
    """No money at all, and what costs more than all of it."""
    problems = []
    if instance.budget <= 0:
        problems.append(Problem("outcome.no_budget", NO_MONEY, "budget"))
    for one in instance.candidates:
        if one.cost > instance.budget > 0:
            message = ABOVE_POT.format(cost=instance.amount(one.cost), budget=instance.amount(instance.budget))
            problems.append(Problem("outcome.above_pot", message, one.ref))
    return problems


def spending_problems(instance: Instance, settings: SpendingSettings) -> list[Problem]:
    """What an officer should know before a round opens: nothing here stops the rule from deciding."""
    problems = pot_problems(instance)
    for one in instance.candidates:
        if one.minimum is not None and one.minimum > one.cost:
            message = MINIMUM_ABOVE_COST.format(minimum=instance.amount(one.minimum), cost=instance.amount(one.cost))
            problems.append(Problem("outcome.minimum", message, one.ref))
    kept = sum(fence.amount for fence in settings.ring_fences)
    if kept > instance.budget > 0:
        message = KEPT_ABOVE_POT.format(kept=instance.amount(kept), budget=instance.amount(instance.budget))
        problems.append(Problem("outcome.kept_above_pot", message, "ring_fences"))
    for name, marks in (("ring_fences", settings.ring_fences), ("caps", settings.caps)):
        for mark in marks:
            if not any(mark.covers(one) for one in instance.candidates):
                message = COVERS_NOTHING.format(amount=instance.amount(mark.amount), what=mark.what)
                problems.append(Problem("outcome.covers_nothing", message, name))
    known = {one.ref for one in instance.candidates}
    strangers = sorted({ref for group in settings.exclusive for ref in group} - known)
    return problems + [
        Problem("outcome.no_such_project", NO_SUCH_PROJECT.format(ref=ref), "exclusive") for ref in strangers
    ]


class Purse:
    """The money while it is spent: what is open, what is kept, what caps leave, who is excluded by whom."""

    def __init__(self, instance: Instance, settings: SpendingSettings) -> None:
        self.settings = settings
        self.open = max(instance.budget, 0)
        self.kept: list[int] = []
        for fence in settings.ring_fences:
            amount = min(fence.amount, self.open)
            self.kept.append(amount)
            self.open -= amount
        self.under_cap = [cap.amount for cap in settings.caps]
        self.taken: dict[str, ProjectRef] = {}
        self.groups: dict[ProjectRef, list[str]] = {}
        for number, group in enumerate(settings.exclusive):
            for ref in group:
                # A blank before the number: no group of a project has such a name.
                self.groups.setdefault(ref, []).append(f" {number}")

    def copy(self) -> Purse:
        new = Purse.__new__(Purse)
        new.settings, new.open, new.groups = self.settings, self.open, self.groups
        new.kept, new.under_cap, new.taken = [*self.kept], [*self.under_cap], dict(self.taken)
        return new

    def fence(self, candidate: Candidate) -> int | None:
        """The kept money that this project is paid from first."""
        return next((n for n, one in enumerate(self.settings.ring_fences) if one.covers(candidate)), None)

    def money(self, candidate: Candidate) -> int:
        """What is left that this project may be paid from."""
        fence = self.fence(candidate)
        return self.open + (0 if fence is None else self.kept[fence])

    def rival(self, candidate: Candidate) -> ProjectRef | None:
        """The funded project that keeps this one out."""
        groups = (*candidate.groups, *self.groups.get(candidate.ref, ()))
        return next((self.taken[group] for group in groups if group in self.taken), None)

    def cap(self, candidate: Candidate) -> int | None:
        """The cap with the least left that covers this project."""
        covering = [n for n, one in enumerate(self.settings.caps) if one.covers(candidate)]
        return min(covering, key=lambda n: (self.under_cap[n], n), default=None)

    def most(self, candidate: Candidate) -> int:
        """The most this project could get now; nothing when another keeps it out."""
        if self.rival(candidate) is not None:
            return -1
        cap = self.cap(candidate)
        return self.money(candidate) if cap is None else min(self.money(candidate), self.under_cap[cap])

    def pay(self, candidate: Candidate, amount: int) -> int:
        """Take the amount, and say how much of it was kept money."""
        fence = self.fence(candidate)
        kept = 0
        if fence is not None:
            kept = min(self.kept[fence], amount)
            self.kept[fence] -= kept
        self.open -= amount - kept
        for number, one in enumerate(self.settings.caps):
            if one.covers(candidate):
                self.under_cap[number] -= amount
        for group in (*candidate.groups, *self.groups.get(candidate.ref, ())):
            self.taken.setdefault(group, candidate.ref)
        return kept

    @property
    def left(self) -> int:
        return self.open + sum(self.kept)


class Spending:
    """One going down the list. `stops` ends at the first project that the money left cannot pay; `least` says with
    how much a project could begin, for rules that fund in part."""

    def __init__(
        self,
        instance: Instance,
        settings: SpendingSettings,
        tie_break: TieBreak,
        *,
        stops: bool = False,
        least: Callable[[Candidate], int] | None = None,
    ) -> None:
        self.instance, self.settings = instance, settings
        self.place = {ref: number for number, ref in enumerate(tie_break.order)}
        self.stops = stops
        self.least = least or (lambda candidate: candidate.cost)
        self.purse = Purse(instance, settings)
        self.allocation: list[ProjectRef] = []
        self.amounts: dict[ProjectRef, int] = {}
        self.steps: list[Step] = []
        self.ties: list[Tie] = []
        self.waiting: list[int] = []
        """Steps of projects that could follow when a funded one falls away."""
        self.ended: Standing | None = None
        self.undecided: Standing | None = None

    def decide(self, standings: Sequence[Standing]) -> Outcome:
        """Fund the best first. Equal ones are looked at in the published order."""
        order = sorted(standings, key=lambda one: self.place[one.candidate.ref])
        order.sort(key=lambda one: one.key, reverse=True)
        for _, group in groupby(order, key=lambda one: one.key):
            self._equal(list(group))
        budget = max(self.instance.budget, 0)
        spent = budget - self.purse.left
        cost = {one.candidate.ref: one.candidate.cost for one in standings}
        return Outcome(
            allocation=tuple(self.allocation),
            spent=spent,
            remaining=self.instance.budget - spent,
            steps=tuple(self._with_reserve()),
            ties=tuple(self.ties),
            facts=self._facts(),
            amounts={ref: self.amounts[ref] for ref in self.allocation}
            if any(self.amounts[ref] != cost[ref] for ref in self.allocation)
            else {},
            reserve=tuple(self.steps[number].project for number in self.waiting[: self.settings.reserve_list]),
        )

    def _facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = {}
        if self.settings.ring_fences:
            facts["kept_left"] = {
                one.what: self.purse.kept[number] for number, one in enumerate(self.settings.ring_fences)
            }
        if self.undecided is not None:
            facts["stopped_at_tie"] = True
        return facts

    def _with_reserve(self) -> list[Step]:
        steps = list(self.steps)
        for place, number in enumerate(self.waiting[: self.settings.reserve_list], start=1):
            one = steps[number]
            sentence = joined(one.sentence, ON_RESERVE.format(place=place))
            steps[number] = Step(one.project, one.funded, sentence, {**one.facts, "reserve": place})
        return steps

    def _equal(self, equal: list[Standing]) -> None:
        rivals = [] if self.ended or self.undecided else self._rivals(equal)
        if rivals:
            refs = tuple(one.candidate.ref for one in rivals)
            stopping = self.settings.on_tie == "stop"
            self.ties.append(Tie(refs, "" if stopping else refs[0], rivals[0].said.en))
            if stopping:
                for one in equal:
                    self._one(one, refs)
                self.undecided = rivals[0]
                # Nobody is next in line before it is decided who comes first.
                self.waiting.clear()
                return
        for one in equal:
            self._one(one, ())

    def _rivals(self, equal: list[Standing]) -> list[Standing]:
        """Those of equal projects whose order matters: one could be funded, and not all of them can.

        What may be funded together is not a question of order, so one try tells.
        """
        able = [
            one
            for one in equal
            if one.refused is None
            and self.purse.rival(one.candidate) is None
            and (self._gets(one.candidate) or (self.stops and self._within_caps(one.candidate)))
        ]
        if len(able) < 2 or not any(self._gets(one.candidate) for one in able):
            return []
        purse = self.purse.copy()
        for one in able:
            if purse.most(one.candidate) < one.candidate.cost:
                return able
            purse.pay(one.candidate, one.candidate.cost)
        return []

    def _gets(self, candidate: Candidate) -> bool:
        return self.purse.most(candidate) >= min(candidate.cost, self.least(candidate))

    def _within_caps(self, candidate: Candidate) -> bool:
        cap = self.purse.cap(candidate)
        return cap is None or self.purse.under_cap[cap] >= candidate.cost

    def _one(self, one: Standing, tied: tuple[ProjectRef, ...]) -> None:
        candidate, amount = one.candidate, self.instance.amount
        money = self.purse.money(candidate)
        facts = {**one.facts, "cost": candidate.cost, "left": money, "funded_before": len(self.allocation)}
        said = {"cost": amount(candidate.cost), "left": amount(money)}
        if one.refused is not None:
            self._not(one, one.refused, facts, waits=False)
        elif self.undecided is not None:
            self._not(one, filled(AFTER_TIE, one.said, at="{at}"), facts, waits=False, at=self.undecided.said)
        elif candidate.ref in tied:
            others = ", ".join(ref for ref in tied if ref != candidate.ref)
            self._not(one, filled(UNDECIDED, one.said, others=others, left=said["left"]), facts, waits=False)
        elif self.ended is not None:
            needed = amount(self.ended.candidate.cost)
            left = amount(self.purse.money(self.ended.candidate))
            sentence = filled(STOPPED, one.said, at="{at}", needed=needed, left=left)
            self._not(one, sentence, facts, at=self.ended.said)
        elif (rival := self.purse.rival(candidate)) is not None:
            self._not(one, filled(EXCLUDED, one.said, other=rival), {**facts, "excluded_by": rival})
        elif self._gets(candidate):
            self._fund(one, facts, said)
        else:
            self._too_dear(one, facts, said)

    def _fund(self, one: Standing, facts: dict[str, Any], said: dict[str, str]) -> None:
        candidate = one.candidate
        gets = min(candidate.cost, self.purse.most(candidate))
        place = len(self.allocation) + 1
        if gets == candidate.cost:
            sentence = filled(FUNDED, one.said, place=place, **said)
        else:
            least = self.instance.amount(self.least(candidate))
            got = self.instance.amount(gets)
            sentence = filled(IN_PART, one.said, place=place, minimum=least, amount=got, **said)
        fence = self.purse.fence(candidate)
        kept = self.purse.pay(candidate, gets)
        if kept and fence is not None:
            what = self.settings.ring_fences[fence].what
            sentence = joined(sentence, FROM_KEPT.format(amount=self.instance.amount(kept), what=what))
        self.allocation.append(candidate.ref)
        self.amounts[candidate.ref] = gets
        self.steps.append(Step(candidate.ref, True, sentence, {**facts, "amount": gets, "from_kept": kept}))

    def _too_dear(self, one: Standing, facts: dict[str, Any], said: dict[str, str]) -> None:
        candidate, amount = one.candidate, self.instance.amount
        least = self.least(candidate)
        cap = self.purse.cap(candidate)
        if self.purse.money(candidate) >= least and cap is not None:
            mark, left = self.settings.caps[cap], self.purse.under_cap[cap]
            sentence = filled(
                CAPPED, one.said, cost=said["cost"], cap=amount(mark.amount), what=mark.what, left=amount(left)
            )
            self._not(one, sentence, {**facts, "cap": mark.amount, "cap_left": left})
            return
        if least < candidate.cost:
            sentence = filled(BELOW_MINIMUM, one.said, minimum=amount(least), **said)
        else:
            sentence = filled(TOO_DEAR, one.said, funded=len(self.allocation), **said)
        self._not(one, sentence, facts)
        if self.stops:
            self.ended = one

    def _not(
        self, one: Standing, sentence: Text, facts: dict[str, Any], *, waits: bool = True, at: Text = NO_TEXT
    ) -> None:
        if waits:
            self.waiting.append(len(self.steps))
        if at is not NO_TEXT:
            sentence = Text(sentence.en.replace("{at}", at.en), sentence.gd.replace("{at}", at.gd))
        self.steps.append(Step(one.candidate.ref, False, sentence, facts))
