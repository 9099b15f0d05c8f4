"""Acts on the ledger. A tenant's act comes signed with the tenant's own key; the office acts for time and departures.

Every act locks its delegation, so that two at once are done one after the other and the second is judged by what the
first has left. The same act (by its identifier) is booked once, however often it is handed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction

from core.kernel.clock import database_now
from core.kernel.crypto import canonical_json, digest, verify
from core.kernel.errors import Invalid, NotFound, Refused
from plugins.api.text import LocalisedText
from tenants.office.delegation.models import Delegation, LedgerEntry
from tenants.office.delegation.rules import MOVES, Account, Act, Balances, Party, amount_checked, balances_of
from tenants.registry.context import in_public
from tenants.registry.models import Tenant

KIND = "delegation"
GIVERS = frozenset({Tenant.Kind.COUNCIL, Tenant.Kind.PUBLIC_BODY})
AT_WORK = frozenset({Tenant.State.ACTIVE, Tenant.State.LEAVING})
ROLES = frozenset({"officer", "round_manager", "steering_member"})


def act_take(*, tenant: UUID, body: Mapping[str, Any], signature: bytes) -> Balances:
    """Book a tenant's signed act and return the delegation's balances afterwards.

    `body` holds `kind` ("delegation"), `key` (the act's identifier), `tenant`, `at`, `act`, `delegation`, `role`,
    `amount` in pence; an offer also `receiver`, `pot`, `pot_name`, `purpose`, `restriction`, `terms`, `ends_at`; an
    acceptance also `terms_digest`. Raises Invalid for a body that is none, NotFound for an unknown delegation, Refused
    when it is not this tenant's to do, not signed by it, or against the rules.
    """
    act, act_id, delegation_id, amount = _read(body)
    if body.get("tenant") != str(tenant):
        raise Refused("The act is another tenant's.", code="delegation.tenant")
    with in_public(), transaction.atomic():
        doer = Tenant.objects.filter(id=tenant).first()
        if doer is None or doer.signing_key is None:
            raise NotFound("There is no such tenant.", code="tenant.unknown")
        if not verify(bytes(doer.signing_key), canonical_json(dict(body)), signature):
            raise Refused("The signature is not this tenant's.", code="delegation.signature")
        if doer.state not in AT_WORK:
            raise Refused("A suspended tenant moves no money.", code="delegation.suspended")
        if MOVES[act].party is Party.OFFICE:
            raise Refused("Only the office does this.", code="delegation.not_yours")
        row = _offered(doer, delegation_id, amount, body) if act is Act.OFFER else _locked(delegation_id)
        party = {row.giver_id: Party.GIVER, row.receiver_id: Party.RECEIVER}.get(doer.id)
        if party is None:
            # Whoever is no party learns nothing, not even that there is such a delegation.
            raise NotFound("There is no such delegation.", code="delegation.unknown")
        if party is not MOVES[act].party:
            raise Refused("This is for the other side to do.", code="delegation.not_yours")
        if act is Act.ACCEPT:
            _acceptable(row, body)
        return _book(row, act, act_id, amount, by=doer, role=str(body["role"]), body=body, signature=signature)


def _read(body: Mapping[str, Any]) -> tuple[Act, UUID, UUID, int]:
    try:
        act, act_id, delegation = Act(body["act"]), UUID(body["key"]), UUID(body["delegation"])
        amount, role = body["amount"], body["role"]
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise Invalid("This is no act on a delegation.", code="delegation.malformed") from error
    if body.get("kind") != KIND or role not in ROLES or type(amount) is not int:
        raise Invalid("This is no act on a delegation.", code="delegation.malformed")
    return act, act_id, delegation, amount


def _locked(delegation: UUID) -> Delegation:
    row = Delegation.objects.select_for_update().filter(pk=delegation).first()
    if row is None:
        raise NotFound("There is no such delegation.", code="delegation.unknown")
    return row


def _offered(giver: Tenant, delegation: UUID, amount: int, body: Mapping[str, Any]) -> Delegation:
    """The delegation an offer makes, or the one it made when it was handed over before."""
    known = Delegation.objects.select_for_update().filter(pk=delegation).first()
    if known is not None:
        return known
    try:
        receiver_id, pot = UUID(body["receiver"]), UUID(body["pot"])
        ends_at, terms = datetime.fromisoformat(body["ends_at"]), str(body["terms"]).strip()
        pot_name, purpose = LocalisedText(**body["pot_name"]), LocalisedText(**body["purpose"])
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise Invalid("The offer leaves something out.", code="delegation.malformed") from error
    if giver.kind not in GIVERS:
        raise Refused("Only a council or public body can offer a part of a pot.", code="delegation.not_a_giver")
    if receiver_id == giver.id:
        raise Refused("Money cannot be offered to oneself.", code="delegation.to_itself", remedy="Choose a group.")
    receiver = Tenant.objects.filter(pk=receiver_id, kind=Tenant.Kind.COMMUNITY, state=Tenant.State.ACTIVE).first()
    if receiver is None:
        raise Refused(
            "Only a community group with a space of its own can be offered money.",
            code="delegation.not_a_group",
            remedy="Choose a group whose space is active.",
        )
    if ends_at.tzinfo is None or ends_at <= database_now():
        raise Refused("The end date has passed.", code="delegation.past", remedy="Choose a day in the future.")
    if not terms or not purpose.en.strip():
        raise Invalid("An offer says what the money is for and on which terms.", code="delegation.malformed")
    amount_checked(Act.OFFER, amount, Balances())
    return Delegation.objects.create(
        id=delegation,
        giver=giver,
        receiver=receiver,
        pot=pot,
        pot_name=pot_name,
        purpose=purpose,
        restriction=str(body.get("restriction", ""))[:200],
        terms=terms,
        terms_digest=digest(terms.encode()),
        ceiling=amount,
        ends_at=ends_at,
    )


def _acceptable(row: Delegation, body: Mapping[str, Any]) -> None:
    if body.get("terms_digest") != row.terms_digest:
        raise Refused(
            "These are not the terms of this offer.",
            code="delegation.terms",
            remedy="Read the terms again and accept them as they are.",
        )
    if row.ends_at <= database_now() and not row.entries.filter(act=Act.ACCEPT).exists():
        raise Refused("The offer has run out.", code="delegation.past", remedy="Ask the giver for a new one.")


def _book(
    row: Delegation,
    act: Act,
    act_id: UUID,
    amount: int,
    *,
    by: Tenant | None,
    role: str,
    body: Mapping[str, Any],
    signature: bytes | None,
) -> Balances:
    entries = list(row.entries.order_by("position"))
    known = next((entry for entry in entries if entry.id == act_id), None)
    bookings = [(Account(one.source), Account(one.target), one.amount.minor) for one in entries]
    if known is not None:
        if known.body != dict(body):
            raise Refused("This act was done before, and otherwise.", code="delegation.act_differs")
        return balances_of(bookings)
    if LedgerEntry.objects.filter(pk=act_id).exists():
        raise Refused("This act belongs to another delegation.", code="delegation.act_differs")
    if act is Act.OFFER and entries:
        raise Refused("This delegation was offered before.", code="delegation.act_differs")
    move = MOVES[act]
    moved = amount_checked(act, amount, balances_of(bookings))
    LedgerEntry.objects.create(
        id=act_id,
        delegation=row,
        position=len(entries) + 1,
        act=act.value,
        source=move.source.value,
        target=move.target.value,
        amount=moved,
        by=by,
        role=role,
        body=dict(body),
        signature=signature,
    )
    return balances_of([*bookings, (move.source, move.target, moved)])


def _office_act(row: Delegation, act: Act, amount: int) -> None:
    act_id = uuid5(row.id, act.value)
    body = {"kind": KIND, "key": str(act_id), "act": act.value, "delegation": str(row.id), "amount": amount}
    _book(row, act, act_id, amount, by=None, role="office", body=body, signature=None)


def offers_lapse() -> int:
    """Take back offers whose time has run out and that nobody accepted; returns how many."""
    done = 0
    with in_public():
        due = list(Delegation.objects.filter(ends_at__lte=database_now()).values_list("pk", flat=True))
        for pk in due:
            with transaction.atomic():
                row = _locked(pk)
                pending = balances_of(_bookings(row)).pending
                if pending:
                    _office_act(row, Act.LAPSE, pending)
                    done += 1
    return done


def receiver_left(*, tenant: UUID) -> int:
    """A group leaves the platform: its open offers lapse and its unspent money returns. Returns delegations moved."""
    done = 0
    with in_public():
        for pk in list(Delegation.objects.filter(receiver_id=tenant).values_list("pk", flat=True)):
            with transaction.atomic():
                row = _locked(pk)
                standing = balances_of(_bookings(row))
                if standing.pending:
                    _office_act(row, Act.LAPSE, standing.pending)
                if standing.unspent:
                    _office_act(row, Act.LEAVE, standing.unspent)
                done += bool(standing.pending or standing.unspent)
    return done


def _bookings(row: Delegation) -> list[tuple[Account, Account, int]]:
    return [(Account(one.source), Account(one.target), one.amount.minor) for one in row.entries.all()]
