"""Deciding by pot: which projects and which money belong together, what is kept for a kind of project, and the sum.

A format says which parts its ballot has (`sheets`), the offer which money is whose (`pots`). Where the money is not
split, everything is decided together. A rule is told of kept money by its setting `ring_fences`; whatever it answers
is paid here once more from the same money, and an outcome that spends kept money on anything else does not stand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel

from core.counting.deciding import FENCES, FindRule, decide, inner_settings
from core.counting.tally import Tally
from core.kernel.errors import CommontyError, Invalid
from plugins.api.kinds import OutcomeRule
from plugins.api.spending import Earmark
from plugins.api.text import Text
from plugins.api.values import Instance, Offer, Outcome, Problem, ProjectRef, Sheet, TieBreak

ABOUT_ALL = frozenset({"outcome.covers_nothing", "outcome.no_such_area", "outcome.no_such_project"})
"""What a rule says of a setting that is idle. With several pots a setting may be idle in some of them."""

NO_PARTS = Text(
    "The money has pots for areas ({areas}), but this kind of ballot decides everything together. Choose a ballot of "
    "areas, or take the areas off the pots.",
    "Tha poitean airson sgìrean anns an airgead ({areas}), ach leis an t-seòrsa baileit seo thèid a h-uile càil a "
    "cho-dhùnadh còmhla. Tagh baileat le sgìrean, no thoir na sgìrean bhàrr nam poitean.",
)
NO_POT = Text(
    "There are projects {of}, but no pot for them. Add money to a pot for them.",
    "Tha pròiseactan ann {of}, ach chan eil poit ann dhaibh. Cuir airgead ann am poit dhaibh.",
)
NO_PROJECT = Text(
    "There is a pot for projects {of}, but no project on the ballot is one. Check how the area is written.",
    "Tha poit ann airson phròiseactan {of}, ach chan eil gin dhiubh air a’ bhaileat. Thoir sùil air mar a tha an sgìre "
    "sgrìobhte.",
)
NOT_KEPT = Text(
    "Some of the money is kept for {what} only, and this rule cannot keep it. Choose a rule that can, such as most "
    "votes first.",
    "Tha pàirt dhen airgead ga ghlèidheadh do {what} a-mhàin, agus chan urrainn dhan riaghailt seo a ghlèidheadh. Tagh "
    "riaghailt as urrainn, mar na bhòtaichean as motha an toiseach.",
)
OUT_OF_REACH = Text(
    "{ref} costs {cost}, and {most} is the most it could get: the rest of the pot is kept for other projects.",
    "Tha {ref} a’ cosg {cost}, agus ’s e {most} as motha a gheibheadh e: tha an còrr dhen phoit ga ghlèidheadh do "
    "phròiseactan eile.",
)


class KeptMoneySpent(CommontyError):
    """A rule gave a project money that is kept for others, or more than there is."""


@dataclass(frozen=True, slots=True)
class Part:
    """Projects that are decided together. `kept` is the part of the budget that is for some of them alone."""

    area: str
    instance: Instance
    kept: tuple[Earmark, ...] = ()

    @property
    def refs(self) -> tuple[ProjectRef, ...]:
        return tuple(one.ref for one in self.instance.candidates)

    def purse(self) -> tuple[int, list[int]]:
        """What is open to all, and what is kept, before anything is spent."""
        kept = [fence.amount for fence in self.kept]
        return self.instance.budget - sum(kept), kept

    def spent(self, outcome: Outcome) -> list[int]:
        """How much of each kept sum the outcome uses: a project is paid from what is kept for it, then from what is
        open. Raises KeptMoneySpent where that does not pay for everything."""
        left, kept = self.purse()
        named = {one.ref: one for one in self.instance.candidates}
        whole = 0
        for ref in outcome.allocation:
            amount = outcome.amounts.get(ref, named[ref].cost)
            whole += amount
            fence = next((n for n, one in enumerate(self.kept) if one.covers(named[ref])), None)
            if fence is not None:
                part = min(kept[fence], amount)
                kept[fence] -= part
                amount -= part
            left -= amount
        if left < 0 or whole != outcome.spent:
            raise KeptMoneySpent("The rule spent money that is kept for other projects.", code="tally.kept_money")
        return [fence.amount - rest for fence, rest in zip(self.kept, kept, strict=True)]


def parts_of(offer: Offer, sheets: Sequence[Sheet], kept: Mapping[str, tuple[Earmark, ...]]) -> list[Part]:
    """The parts of an offer, that of everybody first. `kept` holds by area what is kept for a kind of project.

    Raises Invalid, with every problem, where pots and parts of the ballot do not fit each other.
    """
    if not offer.pots:
        return [Part("", offer.instance(), tuple(fence for fences in kept.values() for fence in fences))]
    by_area = {sheet.area: sheet for sheet in sheets}
    problems = _misfit(offer, by_area)
    if problems:
        raise Invalid("The pots do not fit the ballot.", code="pots.misfit", problems=problems)
    whole = offer.instance()
    return [
        Part(
            pot.area,
            replace(
                whole,
                budget=pot.budget.minor,
                candidates=tuple(one for one in whole.candidates if one.ref in by_area[pot.area].refs),
            ),
            kept.get(pot.area, ()),
        )
        for pot in sorted(offer.pots, key=lambda pot: pot.area)
    ]


def _misfit(offer: Offer, sheets: Mapping[str, Sheet]) -> list[Problem]:
    pots = sorted(pot.area for pot in offer.pots)
    if list(sheets) == [""]:
        return [Problem("pots.no_parts", NO_PARTS.format(areas=", ".join(area for area in pots if area)))]
    problems = [Problem("pots.no_pot", _of(NO_POT, area)) for area in sheets if area not in pots]
    return problems + [Problem("pots.no_project", _of(NO_PROJECT, area)) for area in pots if area not in sheets]


def _of(text: Text, area: str) -> Text:
    """A sentence about the projects of an area, or of everybody."""
    if area:
        return Text(text.en.format(of=f"in {area}"), text.gd.format(of=f"ann an {area}"))
    return Text(text.en.format(of="for everybody"), text.gd.format(of="dhan a h-uile duine"))


def rules_in(find: FindRule, rule: OutcomeRule, settings: Any) -> Iterator[tuple[OutcomeRule, Any]]:
    """A rule with its settings, then the one it wraps, and so on. Raises Invalid or NotFound as these do."""
    yield rule, settings
    if key := getattr(settings, "inner", ""):
        inner = find(key)
        yield from rules_in(find, inner, inner_settings(inner, settings))


def keeps(find: FindRule, rule: OutcomeRule, settings: Any) -> bool:
    """Whether money can be kept under this rule: it, or the one that decides inside it, knows `ring_fences`."""
    *_, (last, _own) = rules_in(find, rule, settings)
    return FENCES in last.Settings.model_fields


def settings_for(find: FindRule, rule: OutcomeRule, settings: Any, part: Part, *, alone: bool) -> BaseModel:
    """The settings of a rule for one part, told of the money that is kept there, and so is the rule inside it.

    Where there are several parts (not `alone`), kept money that an officer wrote into the settings stays where there
    are projects that may use it.
    """
    given: dict[str, Any] = settings.model_dump(mode="json")
    if FENCES in rule.Settings.model_fields:
        own = [
            fence
            for fence in settings.ring_fences
            if alone or any(fence.covers(one) for one in part.instance.candidates)
        ]
        given[FENCES] = [fence.model_dump(mode="json") for fence in (*part.kept, *own)]
    if key := getattr(settings, "inner", ""):
        inner = find(key)
        own_inner = settings_for(find, inner, inner_settings(inner, settings), part, alone=alone)
        given["inner_settings"] = own_inner.model_dump(mode="json")
    return rule.Settings.model_validate(given)


def parts_problems(find: FindRule, rule: OutcomeRule, settings: Any, parts: Sequence[Part]) -> list[Problem]:
    """What the rule, and whatever it wraps, says of each part; and projects that no money could pay for."""
    found: list[list[Problem]] = []
    kept = sorted({fence.what for part in parts for fence in part.kept})
    if kept and not keeps(find, rule, settings):
        return [Problem("pots.not_kept", NOT_KEPT.format(what=", ".join(kept)))]
    for part in parts:
        own = settings_for(find, rule, settings, part, alone=len(parts) == 1)
        said = [
            problem
            for one, settings_of in rules_in(find, rule, own)
            for problem in one.check(part.instance, settings_of)
        ]
        found.append([*said, *_out_of_reach(part)])
    everywhere = set.intersection(*({(one.code, one.message) for one in said} for said in found))
    return list(
        dict.fromkeys(
            problem
            for said in found
            for problem in said
            if problem.code not in ABOUT_ALL or (problem.code, problem.message) in everywhere
        )
    )


def _out_of_reach(part: Part) -> list[Problem]:
    left, kept = part.purse()
    problems = []
    for one in part.instance.candidates:
        most = left + next((sum_ for sum_, fence in zip(kept, part.kept, strict=True) if fence.covers(one)), 0)
        if most < (one.minimum or one.cost) and one.cost <= part.instance.budget:
            message = OUT_OF_REACH.format(
                ref=one.ref, cost=part.instance.amount(one.cost), most=part.instance.amount(most)
            )
            problems.append(Problem("pots.out_of_reach", message))
    return problems


def parts_decided(
    find: FindRule,
    rule: OutcomeRule,
    settings: Any,
    parts: Sequence[Part],
    tallies: Sequence[Tally],
    tie_break: TieBreak,
) -> list[Outcome]:
    """The outcome of each part, by its own ballots and its own money. Raises KeptMoneySpent."""
    outcomes = []
    for part, tally in zip(parts, tallies, strict=True):
        own = settings_for(find, rule, settings, part, alone=len(parts) == 1)
        outcome = decide(find, rule, own, part.instance, tally.profile, tie_break)
        part.spent(outcome)
        outcomes.append(outcome)
    return outcomes


def together(outcomes: Sequence[Outcome]) -> Outcome:
    """The outcomes of all parts as one: what was funded in the order of the parts, and every step, tie and amount."""
    if len(outcomes) == 1:
        return outcomes[0]
    return Outcome(
        allocation=tuple(ref for one in outcomes for ref in one.allocation),
        spent=sum(one.spent for one in outcomes),
        remaining=sum(one.remaining for one in outcomes),
        steps=tuple(step for one in outcomes for step in one.steps),
        ties=tuple(tie for one in outcomes for tie in one.ties),
        amounts={ref: amount for one in outcomes for ref, amount in one.amounts.items()},
        reserve=tuple(ref for one in outcomes for ref in one.reserve),
    )
