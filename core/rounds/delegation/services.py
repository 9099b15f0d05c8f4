"""Acts on money that is entrusted, from this tenant's side.

An officer asks in a web process, which cannot sign; a worker signs the act and hands it to the ledger, whose answer
comes back into the act's own row. A rule that says no is an answer like yes: it is shown, and not tried again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

from django.db import transaction

from core.audit.services import event_record, job_enqueue
from core.audit.statements import statement_make
from core.kernel.clock import database_now
from core.kernel.errors import Invalid, NotFound, Refused
from core.kernel.jobs import Job, Queue
from core.people.models import Person
from core.rounds.delegation.events import DelegationActed, DelegationAnswered
from core.rounds.delegation.models import DelegationAct
from core.rounds.delegation.selectors import ledger_bound, placed, pot_available
from core.rounds.lifecycle import EDITABLE, State
from core.rounds.models import FundSource, Pot, Round
from core.rounds.services import fund_source_add, fund_source_remove
from plugins.api.money import Money
from plugins.api.text import LocalisedText
from tenants.office.delegation.rules import Act
from tenants.office.delegation.selectors import DelegationLine, delegation_of
from tenants.office.delegation.services import KIND, act_take
from tenants.registry.context import current_tenant

ACT_JOB = Job("delegation.act", Queue.DEFAULT)
ROLE = "officer"
# Money in a round that is being decided stays there until it is.
UNDECIDED = frozenset({State.VOTING, State.COUNT, State.SUSPENDED})


def offer_make(
    *,
    receiver: UUID,
    pot: UUID,
    amount: Money,
    purpose: LocalisedText,
    restriction: str,
    terms: str,
    ends_at: datetime,
    actor: Person,
    new_id: UUID,
) -> DelegationAct:
    """Offer a part of a pot to a group; the delegation's identifier follows from `new_id`, so that it is made once.

    Call outside a transaction: the ledger is read first. Raises Invalid for an end that has passed or words that are
    missing, Refused when the pot does not hold that much any more or its round's vote has opened.
    """
    if ends_at <= database_now():
        raise Invalid("This day has passed.", code="delegation.past", remedy="Choose a later one.")
    if not purpose.en.strip() or not terms.strip():
        raise Invalid("Say what the money is for and on which terms.", code="delegation.malformed")
    if amount.minor <= 0:
        raise Invalid("Write an amount above £0.", code="delegation.amount")
    bound = ledger_bound()
    with transaction.atomic():
        row = Pot.objects.select_for_update(of=("self",)).select_related("round").filter(pk=pot).first()
        if row is None:
            raise NotFound("There is no such pot.", code="pot.not_found")
        made = DelegationAct.objects.filter(pk=new_id).first()
        if made is not None:
            return made
        if row.round.state not in EDITABLE:
            raise Refused(
                "Voting has opened on this pot.",
                code="round.frozen",
                remedy="Offer a part of a pot that residents are not deciding on yet.",
            )
        left = pot_available(row, bound)
        if amount > left:
            raise Refused(
                f"{left} of this pot can still be offered.",
                code="delegation.above_pot",
                remedy="Offer no more than that, or add money to the pot first.",
            )
        facts = {
            "receiver": str(receiver),
            "pot": str(row.id),
            "pot_name": row.name.as_json(),
            "purpose": purpose.as_json(),
            "restriction": restriction.strip(),
            "terms": terms.strip(),
            "ends_at": ends_at.isoformat(),
        }
        return _ask(Act.OFFER, uuid5(new_id, KIND), amount, actor=actor, new_id=new_id, facts=facts, pot=row.id)


def act_ask(
    *, act: Act, delegation: UUID, amount: Money, actor: Person, new_id: UUID | None = None, terms_digest: str = ""
) -> DelegationAct:
    """Any act but an offer. The ledger judges it; what can be known here is refused here.

    Raises Refused for a return of money that a round is still deciding on. Call outside a transaction.
    """
    line = delegation_of(current_tenant().uuid, delegation)
    if act is Act.RETURN:
        _returnable(line)
    facts = {"terms_digest": terms_digest} if act is Act.ACCEPT else {}
    with transaction.atomic():
        made = DelegationAct.objects.filter(pk=new_id).first() if new_id else None
        return made or _ask(act, delegation, amount, actor=actor, new_id=new_id or uuid4(), facts=facts)


def award_report(
    *, delegation: UUID, amount: Money, published: Money | None, actor: Person, new_id: UUID | None = None
) -> DelegationAct:
    """Report what was awarded. `published` is what the round's published result awards in all, None before it.

    Raises Refused before the result is published, and for more than it awards.
    """
    line = delegation_of(current_tenant().uuid, delegation)
    if placed(delegation) is None or published is None:
        raise Refused(
            "Nothing is awarded before the round's result is published.",
            code="delegation.no_result",
            remedy="Publish the result of the round first.",
        )
    if line.balances.awarded + amount.minor > published.minor:
        raise Refused(
            f"The published result awards {published} in all, and {Money(line.balances.awarded)} is reported already.",
            code="delegation.above_result",
            remedy="Report no more than the result awards.",
        )
    return act_ask(act=Act.AWARD, delegation=delegation, amount=amount, actor=actor, new_id=new_id)


def money_place(*, round: Round, delegation: UUID, pot_name: LocalisedText, actor: Person) -> FundSource:
    """Put accepted money into a round as a source of its own, with its restriction.

    Raises Refused before the acceptance is booked, for money that was returned in part or is in a round already, and
    for a round whose vote has opened. Call outside a transaction.
    """
    line = delegation_of(current_tenant().uuid, delegation)
    if line.receiver.uuid != current_tenant().uuid or line.balances.unspent == 0:
        raise Refused(
            "No money of this offer is here to be used.",
            code="delegation.nothing_there",
            remedy="Accept the offer first, and wait until the ledger has booked it.",
        )
    with transaction.atomic():
        there = placed(delegation)
        if there is not None:
            raise Refused(
                f"This money is in the round “{there.pot.round.name.en}” already.",
                code="delegation.placed",
                remedy="Take it out there first.",
            )
        return fund_source_add(
            round=round,
            pot_name=pot_name,
            name=line.giver.name.en,
            amount=Money(line.balances.unspent),
            restriction=line.restriction,
            actor=actor,
            delegation=delegation,
        )


def money_take_out(*, delegation: UUID, actor: Person) -> None:
    """Take the money out of its round again. Raises Refused once voting has opened, NotFound where it is in none."""
    with transaction.atomic():
        there = placed(delegation)
        if there is None:
            raise NotFound("This money is in no round.", code="delegation.not_placed")
        fund_source_remove(source=there, actor=actor, entrusted=True)


def _returnable(line: DelegationLine) -> None:
    there = placed(line.id)
    if there is None:
        return
    state = there.pot.round.state
    if state in EDITABLE:
        raise Refused(
            f"This money is part of the round “{there.pot.round.name.en}”.",
            code="delegation.placed",
            remedy="Take it out of the round first.",
        )
    if state in UNDECIDED:
        raise Refused(
            "A vote on this money is under way.",
            code="delegation.undecided",
            remedy="Return what is left once the result is published.",
        )


def _ask(
    act: Act,
    delegation: UUID,
    amount: Money,
    *,
    actor: Person,
    new_id: UUID,
    facts: Mapping[str, Any],
    pot: UUID | None = None,
) -> DelegationAct:
    row = DelegationAct.objects.create(
        id=new_id,
        delegation=delegation,
        act=act.value,
        amount=amount.minor,
        facts=dict(facts),
        pot=pot,
        role=ROLE,
        actor=actor.public_id,
    )
    event_record(DelegationActed(act=act.value, delegation=str(delegation), amount=amount.minor), actor=actor)
    job_enqueue(ACT_JOB, payload={"act": str(row.id)})
    return row


# -- the worker's side ------------------------------------------------------------------------------------------------


def act_sign(payload: dict[str, Any]) -> None:
    """Sign an act and have it handed to the ledger."""
    row = DelegationAct.objects.get(pk=payload["act"])
    if row.state != DelegationAct.State.SENT:
        return
    body = {
        "act": row.act,
        "delegation": str(row.delegation),
        "amount": row.amount.minor,
        "role": row.role,
        **row.facts,
    }
    statement_make(kind=KIND, key=str(row.id), facts=lambda: body)


def act_hand_over(*, tenant: UUID, body: Mapping[str, Any], signature: bytes) -> None:
    """The sink of these statements: the ledger books the act or refuses it, and its row says which.

    Outside every transaction. What is no answer (the database away) is raised, and tried again.
    """
    try:
        act_take(tenant=tenant, body=body, signature=signature)
    except (Invalid, NotFound, Refused) as error:
        _answered(body, DelegationAct.State.REFUSED, error)
    else:
        _answered(body, DelegationAct.State.BOOKED, None)


def _answered(body: Mapping[str, Any], state: str, error: Invalid | NotFound | Refused | None) -> None:
    with transaction.atomic():
        changed = DelegationAct.objects.filter(pk=UUID(str(body["key"])), state=DelegationAct.State.SENT).update(
            state=state,
            code=error.code if error else "",
            answer=str(error)[:300] if error else "",
            remedy=str(error.remedy)[:300] if error else "",
            answered_at=database_now(),
        )
        if changed:
            event_record(
                DelegationAnswered(
                    act=str(body["act"]),
                    delegation=str(body["delegation"]),
                    state=str(state),
                    code=error.code if error else "",
                )
            )


def offers_refresh(bound: Mapping[UUID, int]) -> None:
    """Note what of each offer no longer binds its pot, for the guard that looks at it inside a transaction."""
    with transaction.atomic():
        for row in DelegationAct.objects.filter(act=Act.OFFER.value, state=DelegationAct.State.BOOKED):
            freed = Money(row.amount.minor - bound.get(row.delegation, row.amount.minor))
            if freed != row.freed:
                DelegationAct.objects.filter(pk=row.pk).update(freed=freed)
