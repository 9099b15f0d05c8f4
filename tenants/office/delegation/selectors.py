"""Reads of the ledger. Both sides see the same line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from core.kernel.crypto import canonical_json, verify
from core.kernel.errors import NotFound
from plugins.api.money import Money
from plugins.api.text import LocalisedText
from tenants.office.delegation.models import Delegation
from tenants.office.delegation.rules import Account, Act, Balances, balances_of
from tenants.registry.context import TenantRef, in_public


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One act as both sides see it. `by` is empty for the office."""

    act: Act
    amount: Money
    by: str
    role: str
    booked_at: datetime


@dataclass(frozen=True, slots=True)
class DelegationLine:
    """A delegation with what stands where, and every act on it."""

    id: UUID
    giver: TenantRef
    receiver: TenantRef
    pot: UUID
    pot_name: LocalisedText
    purpose: LocalisedText
    restriction: str
    terms: str
    terms_digest: str
    ceiling: Money
    ends_at: datetime
    balances: Balances
    entries: tuple[EntryLine, ...]


def _line(row: Delegation) -> DelegationLine:
    entries = list(row.entries.all())
    return DelegationLine(
        id=row.id,
        giver=row.giver.ref,
        receiver=row.receiver.ref,
        pot=row.pot,
        pot_name=row.pot_name,
        purpose=row.purpose,
        restriction=row.restriction,
        terms=row.terms,
        terms_digest=row.terms_digest,
        ceiling=row.ceiling,
        ends_at=row.ends_at,
        balances=balances_of((Account(one.source), Account(one.target), one.amount.minor) for one in entries),
        entries=tuple(
            EntryLine(Act(one.act), one.amount, one.by.slug if one.by else "", one.role, one.booked_at)
            for one in entries
        ),
    )


def _rows(tenant: UUID) -> Any:
    mine = Q(giver_id=tenant) | Q(receiver_id=tenant)
    rows = Delegation.objects.filter(mine).select_related("giver", "receiver")
    return rows.prefetch_related("entries__by")


def delegations_of(tenant: UUID) -> list[DelegationLine]:
    """Everything this tenant has given or was offered, the latest first; in a fixed number of queries."""
    with in_public():
        return [_line(row) for row in _rows(tenant).order_by("-offered_at", "id")]


def delegation_of(tenant: UUID, delegation: UUID) -> DelegationLine:
    """One of them. Raises NotFound, also for one between two others."""
    with in_public():
        row = _rows(tenant).filter(pk=delegation).first()
        if row is None:
            raise NotFound("There is no such delegation.", code="delegation.unknown")
        return _line(row)


def committed(tenant: UUID, pot: UUID) -> Money:
    """What of a giver's pot is bound: offered and not declined, lapsed or returned."""
    with in_public():
        lines = [_line(row) for row in _rows(tenant).filter(giver_id=tenant, pot=pot)]
    return Money(sum(one.balances.pending + one.balances.unspent + one.balances.awarded for one in lines))


def ledger_verify() -> Mapping[str, Any]:
    """Check every entry of the ledger: order, signature, and that no account was ever below nothing.

    `broken` lists the delegations that do not hold, with the first position that does not.
    """
    broken: list[dict[str, Any]] = []
    entries = 0
    with in_public():
        rows = Delegation.objects.prefetch_related("entries__by").order_by("pk")
        for row in rows.iterator(chunk_size=200):
            bookings: list[tuple[Account, Account, int]] = []
            for number, one in enumerate(row.entries.all(), start=1):
                entries += 1
                bookings.append((Account(one.source), Account(one.target), one.amount.minor))
                key = bytes(one.by.signing_key or b"") if one.by else b""
                signed = one.by is None or verify(key, canonical_json(one.body), bytes(one.signature or b""))
                now = balances_of(bookings)
                parts = (now.pending, now.declined, now.lapsed, now.unspent, now.awarded, now.returned)
                if one.position != number or not signed or min(parts) < 0 or now.offered != row.ceiling.minor:
                    broken.append({"delegation": str(row.pk), "position": one.position})
                    break
    return {"ok": not broken, "entries": entries, "broken": broken}
