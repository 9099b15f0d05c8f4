"""Asking a rule: with the rule it wraps, where it wraps one, and what other rules would have decided."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from core.counting.tally import outcome_digest
from core.kernel.errors import Invalid, Refused
from plugins.api.errors import PluginError
from plugins.api.kinds import OutcomeRule
from plugins.api.profile import Profile
from plugins.api.text import NO_TEXT, Text
from plugins.api.values import Instance, Outcome, ProjectRef, Step, TieBreak

FindRule = Callable[[str], OutcomeRule]
"""The rule of a key. Raises NotFound or Invalid where there is none."""

FENCES = "ring_fences"
"""The setting by which a rule is told of money that is kept for some projects."""

NOT_COUNTED = Text(
    "This rule cannot count ballots of this kind.",
    "Chan urrainn dhan riaghailt seo bhòtaichean den t-seòrsa seo a chunntadh.",
)
NO_DECISION = Text("This rule came to no decision.", "Cha do ràinig an riaghailt seo co-dhùnadh.")
NOT_TOLD = Text("The rule says nothing of it.", "Chan eil an riaghailt ag ràdh dad mu dheidhinn.")


def inner_settings(rule: OutcomeRule, settings: Any) -> BaseModel:
    """The settings that a wrapping rule holds for the rule inside it. Raises Invalid naming what does not fit.

    Money that the outer rule keeps is kept by the inner one too, unless that says itself what it keeps.
    """
    given = dict(settings.inner_settings)
    kept = getattr(settings, FENCES, ())
    if kept and FENCES in rule.Settings.model_fields:
        given.setdefault(FENCES, [fence.model_dump(mode="json") for fence in kept])
    try:
        return rule.Settings.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in ("inner_settings", *first["loc"]))
        raise Invalid(
            f"{name}: {first['msg']}.",
            code="rules.inner",
            remedy=f"Settings of {rule.key}: {', '.join(rule.Settings.model_fields) or 'none'}.",
        ) from error


def inner_of(
    find: FindRule, settings: Any, profile: Profile, tie_break: TieBreak
) -> Callable[[Instance], Outcome] | None:
    """What a wrapping rule is given to ask: the rule its settings name. None for rules that wrap nothing.

    The rule inside sees the same voters, with the projects it is asked about. Raises Refused where it cannot count
    these ballots, and Invalid where its settings do not fit.
    """
    key = getattr(settings, "inner", "")
    if not key:
        return None
    rule = find(key)
    if profile.family not in rule.accepts:
        raise Refused(f"{key} does not count ballots of the family {profile.family.value}.", code="rules.family")
    own = inner_settings(rule, settings)

    def decide(instance: Instance) -> Outcome:
        part = profile.only(candidate.ref for candidate in instance.candidates)
        return rule.decide(instance, part, own, tie_break, inner_of(find, own, part, tie_break))

    # A wrong setting further in is said now, not when it is reached.
    inner_of(find, own, profile, tie_break)
    return decide


def decide(
    find: FindRule, rule: OutcomeRule, settings: Any, instance: Instance, profile: Profile, tie_break: TieBreak
) -> Outcome:
    """The outcome of a rule, given whatever rule it wraps."""
    return rule.decide(instance, profile, settings, tie_break, inner_of(find, settings, profile, tie_break))


@dataclass(frozen=True, slots=True)
class Change:
    """A project that another rule would decide otherwise: why it is as it is, and why it would not be."""

    project: ProjectRef
    funded_there: bool
    here: Text
    there: Text


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Another rule on the same ballots. `problem` says why it decided nothing; otherwise the rest holds."""

    rule: str
    changes: tuple[Change, ...] = ()
    allocation: tuple[ProjectRef, ...] = ()
    spent: int = 0
    remaining: int = 0
    amounts: Mapping[ProjectRef, tuple[int, int]] | None = None
    """Projects funded by both with different amounts: here and there."""
    digest: str = ""
    problem: Text = NO_TEXT

    @property
    def same(self) -> bool:
        return not self.problem.en and not self.changes and not self.amounts


def what_if(
    find: FindRule,
    others: Iterable[tuple[str, Any]],
    decided: Outcome,
    instance: Instance,
    profile: Profile,
    tie_break: TieBreak,
) -> list[WhatIf]:
    """What each of the other rules, with these settings, makes of the same ballots, and which projects change.

    Pure: the outcome that holds is given and not touched.
    """
    return [_other(find, key, settings, decided, instance, profile, tie_break) for key, settings in others]


def _other(
    find: FindRule,
    key: str,
    settings: Any,
    decided: Outcome,
    instance: Instance,
    profile: Profile,
    tie_break: TieBreak,
) -> WhatIf:
    rule = find(key)
    if profile.family not in rule.accepts:
        return WhatIf(key, problem=NOT_COUNTED)
    try:
        outcome = decide(find, rule, settings, instance, profile, tie_break)
    except (PluginError, Refused, Invalid):
        return WhatIf(key, problem=NO_DECISION)
    here, there = _reasons(decided), _reasons(outcome)
    mine, theirs = set(decided.allocation), set(outcome.allocation)
    costs = {candidate.ref: candidate.cost for candidate in instance.candidates}
    changes = tuple(
        Change(ref, ref in theirs, here.get(ref, NOT_TOLD), there.get(ref, NOT_TOLD))
        # What would come in, in the order of purchase there; then what would fall out, in the order of purchase here.
        for ref in (*_not_in(outcome.allocation, mine), *_not_in(decided.allocation, theirs))
    )
    amounts = {
        ref: (decided.amounts.get(ref, costs[ref]), outcome.amounts.get(ref, costs[ref]))
        for ref in decided.allocation
        if ref in theirs
    }
    return WhatIf(
        rule=key,
        changes=changes,
        allocation=outcome.allocation,
        spent=outcome.spent,
        remaining=outcome.remaining,
        amounts={ref: pair for ref, pair in amounts.items() if pair[0] != pair[1]},
        digest=outcome_digest(outcome),
    )


def _not_in(refs: Iterable[ProjectRef], others: set[ProjectRef]) -> list[ProjectRef]:
    return [ref for ref in refs if ref not in others]


def _reasons(outcome: Outcome) -> dict[ProjectRef, Text]:
    """The last word on each project."""
    steps: Iterable[Step] = outcome.steps
    return {step.project: step.sentence for step in steps if step.project}
