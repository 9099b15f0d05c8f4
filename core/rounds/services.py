"""Writes of rounds. `round_advance` is the only way a round's state changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction

from core.audit.services import event_record
from core.kernel.clock import database_now
from core.kernel.errors import Invalid, Refused
from core.people.models import Person
from core.rounds import lifecycle
from core.rounds.access import may_advance
from core.rounds.choices import modules_of
from core.rounds.events import MoneyChanged, RoundAdvanced, RoundChanged, RoundCreated, RulesChanged
from core.rounds.lifecycle import GuardFailure, Reason
from core.rounds.models import FundSource, Pot, Round, RoundTransition, RuleSet
from core.rounds.parts import proofs_failures
from core.rounds.ports import parts_for
from core.rounds.rules import rules_checked
from core.rounds.selectors import pot_total, rules_of
from plugins.api.money import Money
from plugins.api.text import LocalisedText
from plugins.api.values import Problem, SubjectRef
from plugins.host.selectors import withdrawn

EDITABLE = lifecycle.EDITABLE


def _editable(round: Round) -> Round:
    locked = Round.objects.select_for_update().get(pk=round.pk)
    if locked.state not in EDITABLE:
        raise Refused(
            "Voting has opened, so the round's rules, money and projects are frozen.",
            code="round.frozen",
            remedy="Publish a notice about the correction instead.",
        )
    return locked


def _subject(round: Round) -> SubjectRef:
    return SubjectRef("round", str(round.id))


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
    actor: Person | None,
    eligibility: LocalisedText = LocalisedText(""),  # noqa: B008  # frozen
    ballot_opens_at: datetime | None = None,
    ballot_closes_at: datetime | None = None,
    proofs: Sequence[str] = (),
    deliberation: Sequence[str] = (),
    area_code: str = "",
    area_name: str = "",
    min_age: int = 16,
    connections: Sequence[str] = (),
    revisable: bool = False,
    is_practice: bool = False,
    is_demo: bool = False,
    new_id: UUID | None = None,
) -> Round:
    """Make a round in design. Raises Invalid when the address is taken or the dates are in the wrong order.

    A form names the `new_id` of what it makes: sent twice, it makes one round.
    """
    _dates(ballot_opens_at, ballot_closes_at)
    if new_id is not None and (made := Round.objects.filter(pk=new_id).first()) is not None:
        return made
    row = Round(
        id=new_id or uuid4(),
        slug=slug,
        name=name,
        purpose=purpose,
        open_to_influence=open_to_influence,
        fixed=fixed,
        eligibility=eligibility,
        ballot_opens_at=ballot_opens_at,
        ballot_closes_at=ballot_closes_at,
        proofs=list(proofs),
        deliberation=list(deliberation),
        area_code=area_code,
        area_name=area_name,
        min_age=min_age,
        connections=list(connections),
        revisable=revisable,
        is_practice=is_practice,
        is_demo=is_demo,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise Invalid("Another round has this address. Choose another.", code="round.slug_taken") from error
    event_record(RoundCreated(round=str(row.id), slug=slug), actor=actor, subject=_subject(row))
    return row


@transaction.atomic
def round_change(
    *,
    round: Round,
    actor: Person | None,
    name: LocalisedText | None = None,
    purpose: LocalisedText | None = None,
    open_to_influence: LocalisedText | None = None,
    fixed: LocalisedText | None = None,
    eligibility: LocalisedText | None = None,
    area_code: str | None = None,
    area_name: str | None = None,
    min_age: int | None = None,
    connections: Sequence[str] | None = None,
    proofs: Sequence[str] | None = None,
    deliberation: Sequence[str] | None = None,
    revisable: bool | None = None,
    is_practice: bool | None = None,
    ballot_opens_at: datetime | None = None,
    ballot_closes_at: datetime | None = None,
) -> Round:
    """Change what is given and leave the rest. Raises Refused once voting has opened, Invalid for dates in the wrong
    order or for proofs of which one person could use two to vote twice."""
    locked = _editable(round)
    given: dict[str, Any] = {
        "name": name,
        "purpose": purpose,
        "open_to_influence": open_to_influence,
        "fixed": fixed,
        "eligibility": eligibility,
        "area_code": area_code,
        "area_name": area_name,
        "min_age": min_age,
        "connections": None if connections is None else list(connections),
        "proofs": None if proofs is None else list(proofs),
        "deliberation": None if deliberation is None else list(deliberation),
        "revisable": revisable,
        "is_practice": is_practice,
        "ballot_opens_at": ballot_opens_at,
        "ballot_closes_at": ballot_closes_at,
    }
    changes = {field: value for field, value in given.items() if value is not None and value != getattr(locked, field)}
    if "proofs" in changes and (failures := proofs_failures(changes["proofs"])):
        raise Invalid(
            "These ways of proving who one is cannot be used together.",
            code=failures[0].code,
            problems=[Problem(one.code, one.message, "proofs") for one in failures],
        )
    _allowed(
        [("eligibility_proof", key) for key in set(changes.get("proofs", ())) - set(locked.proofs)]
        + [("deliberation", key) for key in set(changes.get("deliberation", ())) - set(locked.deliberation)]
    )
    for field, value in changes.items():
        setattr(locked, field, value)
    _dates(locked.ballot_opens_at, locked.ballot_closes_at)
    if changes:
        locked.save(update_fields=list(changes))
        event_record(
            RoundChanged(round=str(locked.id), fields=tuple(sorted(changes))), actor=actor, subject=_subject(locked)
        )
    return locked


def _allowed(fresh: Sequence[tuple[str, str]]) -> None:
    """Raises Refused for a module chosen anew that the national team has withdrawn for new rounds."""
    if gone := withdrawn(sorted(set(fresh))):
        raise Refused(
            f"Withdrawn for new rounds: {', '.join(key for _kind, key in gone)}.",
            code="round.module_withdrawn",
            remedy="Choose another. Under “Modules” you can read why.",
        )


def _amount(amount: Money) -> Money:
    if amount.minor < 0:
        raise Invalid("The amount cannot be less than nothing.", code="fund.negative")
    return amount


def _pot_named(round: Round, name: LocalisedText, area: str | None) -> Pot:
    """The pot of this name, made if it is new; Gaelic and an area that are given for a known pot are kept."""
    pot = next((pot for pot in round.pots.all() if pot.name.en == name.en), None)
    if pot is None:
        return Pot.objects.create(round=round, name=name, area=area or "")
    if name.gd:
        pot.name = name
    if area is not None:
        pot.area = area
    pot.save(update_fields=["name", "area"])
    return pot


def _money_changed(round: Round, actor: Person | None) -> None:
    Pot.objects.filter(round=round, sources__isnull=True).delete()
    event_record(
        MoneyChanged(round=str(round.id), pot_total=pot_total(round).minor), actor=actor, subject=_subject(round)
    )


@transaction.atomic
def fund_source_add(
    *,
    round: Round,
    pot_name: LocalisedText,
    name: str,
    amount: Money,
    restriction: str = "",
    actor: Person | None = None,
    new_id: UUID | None = None,
    delegation: UUID | None = None,
    pot_area: str | None = None,
    category: str = "",
    unrestricted: bool = False,
) -> FundSource:
    """Put money into the pot of this name, making the pot if it is new. Raises Refused once voting has opened.

    A form names the `new_id` of what it makes: sent twice, it adds the money once. `delegation` marks money that is
    entrusted by another tenant. `category` is the kind of project the money is kept for; `unrestricted` says that every
    project keeps to what the restriction says. `pot_area` None leaves the pot's area as it is.
    """
    locked = _editable(round)
    if new_id is not None and (made := FundSource.objects.filter(pot__round=locked, pk=new_id).first()) is not None:
        return made
    pot = _pot_named(locked, pot_name, pot_area)
    row = FundSource(id=new_id or uuid4(), pot=pot, name=name, restriction=restriction, delegation=delegation)
    row.category, row.unrestricted = category, unrestricted
    row.amount = _amount(amount)
    row.save(force_insert=True)
    _money_changed(locked, actor)
    return row


@transaction.atomic
def fund_source_change(
    *,
    source: FundSource,
    pot_name: LocalisedText,
    name: str,
    amount: Money,
    restriction: str,
    actor: Person | None,
    pot_area: str | None = None,
    category: str = "",
    unrestricted: bool = False,
) -> FundSource:
    """Change a source, or move it to another pot. A pot that is left empty goes. Raises as adding does, and Refused
    for a change of entrusted money, whose sum and restriction are its giver's."""
    locked = _editable(source.pot.round)
    if source.delegation and (name, amount, restriction) != (source.name, source.amount, source.restriction):
        raise _entrusted()
    source.pot = _pot_named(locked, pot_name, pot_area)
    source.category, source.unrestricted = category, unrestricted
    source.name, source.amount, source.restriction = name, _amount(amount), restriction
    source.save()
    _money_changed(locked, actor)
    return source


def _entrusted() -> Refused:
    return Refused(
        "This money is entrusted to you, so its sum and what it may be spent on are fixed by the offer.",
        code="fund.entrusted",
        remedy="Under “Entrusted money” you can take it out of this round or return it.",
    )


@transaction.atomic
def fund_source_remove(*, source: FundSource, actor: Person | None, entrusted: bool = False) -> None:
    """Take a source away, and its pot when nothing is left in it. Raises Refused once voting has opened.

    Entrusted money goes only where the caller says that it means that.
    """
    locked = _editable(source.pot.round)
    if source.delegation and not entrusted:
        raise _entrusted()
    source.delete()
    _money_changed(locked, actor)


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
    """A new version of the rules, with every setting written out; the standing one where nothing is different.

    Raises Refused once voting has opened, Invalid when the two do not fit each other or a setting does not fit.
    """
    locked = _editable(round)
    ballot_whole, outcome_whole = rules_checked(
        ballot=ballot_format, ballot_settings=ballot_settings, rule=outcome_rule, rule_settings=outcome_settings
    )
    last = rules_of(locked)
    # What was chosen before stays a choice: a withdrawal is for what is chosen anew.
    kept = set(modules_of(locked, last))
    asked = RuleSet(ballot_format=ballot_format, outcome_rule=outcome_rule, outcome_settings=outcome_whole)
    _allowed([name for name in modules_of(locked, asked) if name not in kept])
    chosen = (ballot_format, ballot_whole, outcome_rule, outcome_whole)
    if last and chosen == (last.ballot_format, last.ballot_settings, last.outcome_rule, last.outcome_settings):
        return last
    row = RuleSet.objects.create(
        round=locked,
        version=last.version + 1 if last else 1,
        ballot_format=ballot_format,
        ballot_settings=ballot_whole,
        outcome_rule=outcome_rule,
        outcome_settings=outcome_whole,
    )
    event_record(RulesChanged(round=str(locked.id), rules_version=row.version), actor=actor, subject=_subject(locked))
    return row


def round_blocked(*, round: Round, verb: str, reason_code: str = "") -> list[GuardFailure]:
    """What stands in the way of a step now, asked of every guard; nothing is changed."""
    row = lifecycle.find(round.state, verb)
    parts = parts_for(verb) if row else ()
    facts = lifecycle.Facts(
        pot=pot_total(round).minor,
        has_rules=rules_of(round) is not None,
        opens_at=round.ballot_opens_at,
        closes_at=round.ballot_closes_at,
        now=database_now(),
        failures=tuple(failure for part in parts for failure in part.guards(round)),
        parts=frozenset(part.name for part in parts),
        reason=reason_code,
    )
    answer = lifecycle.transition(round.state, verb, facts)
    return answer if isinstance(answer, list) else []


@transaction.atomic
def round_advance(*, round: Round, verb: str, actor: Person | None, reason: str = "", reason_code: str = "") -> Round:
    """Move a round: lock it, ask every guard, run every effect, store the state, record the fact; all or nothing.

    `actor` None is the service itself, which needs no reason. `reason` are the actor's own words: they stay in the
    transition's row; the fact carries `reason_code` (a lifecycle.Reason) alone. Raises Refused with the failed guards
    as `problems`, or when the actor may not; Invalid for a reason code that does not exist.
    """
    if reason_code and reason_code not in set(Reason):
        raise Invalid("Choose one of the reasons.", code="round.reason_unknown")
    locked = Round.objects.select_for_update().get(pk=round.pk)
    row = lifecycle.find(locked.state, verb)
    if row and actor is not None and not may_advance(actor, verb, locked):
        raise Refused(
            "You do not hold a role that may do this.",
            code="round.not_allowed",
            remedy="Ask an officer of the council to do it, or to give you the role.",
        )
    code = reason_code or (Reason.OTHER.value if actor is None else "")
    failures = round_blocked(round=locked, verb=verb, reason_code=code)
    if failures or row is None:
        raise Refused("The round cannot take this step yet.", code="round.guards", problems=failures)
    for part in parts_for(verb):
        part.effect(locked, actor)
    locked.state = row.target.value
    locked.save(update_fields=["state"])
    RoundTransition.objects.create(
        round=locked,
        verb=verb,
        source=row.source.value,
        target=row.target.value,
        reason_code=code if row.reasoned else reason_code,
        reason=reason.strip()[:1000],
        actor=getattr(actor, "public_id", None),
    )
    event_record(
        RoundAdvanced(
            round=str(locked.id),
            verb=verb,
            source=row.source.value,
            target=row.target.value,
            reason=code if row.reasoned else reason_code,
        ),
        actor=actor,
        subject=_subject(locked),
    )
    return locked
