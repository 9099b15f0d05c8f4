"""Writes of rounds. `round_advance` is the only way a round's state changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from core.audit.services import event_record
from core.kernel.clock import database_now
from core.kernel.errors import Invalid, Refused
from core.people.models import Person
from core.rounds import lifecycle
from core.rounds.access import may_advance
from core.rounds.events import RoundAdvanced, RoundCreated, RulesChanged
from core.rounds.lifecycle import State
from core.rounds.models import FundSource, Pot, Round, RuleSet
from core.rounds.ports import parts_for
from core.rounds.selectors import pot_total, rules_of
from plugins.api.money import Money
from plugins.api.text import LocalisedText
from plugins.api.values import SubjectRef

EDITABLE = frozenset(state.value for state in (*lifecycle.BEFORE_BALLOT, State.BALLOT_PREP))


def _editable(round: Round) -> Round:
    locked = Round.objects.select_for_update().get(pk=round.pk)
    if locked.state not in EDITABLE:
        raise Refused(
            "Voting has opened, so the round's rules, money and projects are frozen.",
            code="round.frozen",
            remedy="Publish a notice about the correction instead.",
        )
    return locked


def _dates(opens_at: datetime | None, closes_at: datetime | None) -> None:
    if opens_at and closes_at and closes_at <= opens_at:
        raise Invalid("Voting must close after it opens.", code="round.dates_order")


@transaction.atomic
def round_create(
    *,
    slug: str,
    name: LocalisedText,
    purpose: LocalisedText,
    open_to_influence: LocalisedText,
    fixed: LocalisedText,
    eligibility: LocalisedText,
    actor: Person | None,
    ballot_opens_at: datetime | None = None,
    ballot_closes_at: datetime | None = None,
    proofs: Sequence[str] = (),
    area_code: str = "",
    area_name: str = "",
    min_age: int = 16,
    revisable: bool = False,
    is_practice: bool = False,
    is_demo: bool = False,
) -> Round:
    """Make a round in design. Raises Invalid when the address is taken or the dates are in the wrong order."""
    _dates(ballot_opens_at, ballot_closes_at)
    row = Round(
        slug=slug,
        name=name,
        purpose=purpose,
        open_to_influence=open_to_influence,
        fixed=fixed,
        eligibility=eligibility,
        ballot_opens_at=ballot_opens_at,
        ballot_closes_at=ballot_closes_at,
        proofs=list(proofs),
        area_code=area_code,
        area_name=area_name,
        min_age=min_age,
        revisable=revisable,
        is_practice=is_practice,
        is_demo=is_demo,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise Invalid("Another round has this address. Choose another.", code="round.slug_taken") from error
    subject = SubjectRef("round", str(row.id))
    event_record(RoundCreated(round=str(row.id), slug=slug), actor=actor, subject=subject)
    return row


@transaction.atomic
def fund_source_add(
    *, round: Round, pot_name: LocalisedText, name: str, amount: Money, restriction: str = ""
) -> FundSource:
    """Put money into the pot of this name, making the pot if it is new. Raises Refused once voting has opened."""
    locked = _editable(round)
    if amount.minor < 0:
        raise Invalid("The amount cannot be less than nothing.", code="fund.negative")
    pot = next((pot for pot in locked.pots.all() if pot.name.en == pot_name.en), None)
    if pot is None:
        pot = Pot.objects.create(round=locked, name=pot_name)
    row = FundSource(pot=pot, name=name, restriction=restriction)
    row.amount = amount
    row.save(force_insert=True)
    return row


@transaction.atomic
def rules_set(
    *,
    round: Round,
    ballot_format: str,
    ballot_settings: Mapping[str, Any],
    outcome_rule: str,
    outcome_settings: Mapping[str, Any],
    actor: Person | None,
) -> RuleSet:
    """A new version of the rules. Raises Refused once voting has opened."""
    locked = _editable(round)
    last = rules_of(locked)
    row = RuleSet.objects.create(
        round=locked,
        version=last.version + 1 if last else 1,
        ballot_format=ballot_format,
        ballot_settings=dict(ballot_settings),
        outcome_rule=outcome_rule,
        outcome_settings=dict(outcome_settings),
    )
    event_record(
        RulesChanged(round=str(locked.id), rules_version=row.version),
        actor=actor,
        subject=SubjectRef("round", str(locked.id)),
    )
    return row


@transaction.atomic
def round_advance(*, round: Round, verb: str, actor: Person | None, reason: str = "") -> Round:
    """Move a round: lock it, ask every guard, run every effect, store the state, record the fact; all or nothing.

    `actor` None is the service itself. Raises Refused with the failed guards as `problems`, or when the actor may not.
    """
    locked = Round.objects.select_for_update().get(pk=round.pk)
    row = lifecycle.find(locked.state, verb)
    if row and actor is not None and not may_advance(actor, verb, locked):
        raise Refused("You do not hold a role that may do this.", code="round.not_allowed")
    parts = parts_for(verb) if row else ()
    facts = lifecycle.Facts(
        pot=pot_total(locked).minor,
        has_rules=rules_of(locked) is not None,
        opens_at=locked.ballot_opens_at,
        closes_at=locked.ballot_closes_at,
        now=database_now(),
        failures=tuple(failure for part in parts for failure in part.guards(locked)),
    )
    answer = lifecycle.transition(locked.state, verb, facts)
    if isinstance(answer, list):
        raise Refused("The round cannot take this step yet.", code="round.guards", problems=answer)
    for part in parts:
        part.effect(locked, actor)
    source, locked.state = locked.state, answer.value
    locked.save(update_fields=["state"])
    event_record(
        RoundAdvanced(round=str(locked.id), verb=verb, source=source, target=answer.value, reason=reason),
        actor=actor,
        subject=SubjectRef("round", str(locked.id)),
    )
    return locked
