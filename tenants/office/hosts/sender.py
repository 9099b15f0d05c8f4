"""Mail in a tenant's own name: asked for, looked at each night, and used only while every record is as it should be."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from core.audit.services import event_record
from core.kernel.clock import database_now
from core.kernel.env import environment
from core.kernel.errors import Invalid, NotFound
from core.kernel.jobs import Job, Queue
from core.kernel.names import names
from tenants.office.hosts.events import OwnSenderChanged
from tenants.office.hosts.models import OwnSender
from tenants.office.hosts.naming import domain_check, host_of
from tenants.office.hosts.records import Record, Said, records_found, records_wanted
from tenants.office.hosts.times import AGAIN, PATIENCE, tonight
from tenants.registry.context import TenantRef, current_tenant, in_public
from tenants.registry.hosts import forget
from tenants.registry.models import Domain, Tenant

SENDER_LOOK_JOB = Job("hosts.sender_look", Queue.DEFAULT)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A record that is wanted and what was found at the last look; None before the first."""

    record: Record
    said: Said | None


@dataclass(frozen=True, slots=True)
class Sender:
    """The sender as its officers see it. `good`: mail leaves in its name."""

    address: str
    good: bool
    records: tuple[Wanted, ...]
    looked_at: datetime | None


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def _sender(row: OwnSender) -> Sender:
    wanted = records_wanted(_domain(row.address), base=environment().base_domain, token=row.token)
    said = {kind: Said(word) for kind, word in row.found.items()}
    return Sender(
        address=row.address,
        good=row.good,
        records=tuple(Wanted(record, said.get(record.kind)) for record in wanted),
        looked_at=row.looked_at,
    )


def sender_of(tenant: TenantRef) -> Sender | None:
    with in_public():
        row = OwnSender.objects.filter(tenant_id=tenant.uuid).first()
        return _sender(row) if row else None


def sender_ask(*, tenant: TenantRef, address: str, actor: Any = None) -> Sender:
    """Say which address mail should come from, standing in the tenant; it takes the place of an earlier one.

    From now on it is where replies go. Raises Invalid for what is no address, Refused for a domain that is reserved,
    the service's own, or looks like somebody else's.
    """
    typed = address.strip()
    try:
        validate_email(typed)
    except ValidationError as error:
        raise Invalid(
            "This is not an e-mail address.", code="sender.address", remedy="Write it like choices@example.scot."
        ) from error
    local, _, domain = typed.rpartition("@")
    domain = host_of(domain)
    with in_public(), transaction.atomic():
        others = Domain.objects.exclude(tenant_id=tenant.uuid).values_list("domain", flat=True)
        domain_check(domain, base=environment().base_domain, others=others)
        row, _made = OwnSender.objects.update_or_create(
            tenant_id=tenant.uuid,
            defaults={
                "address": f"{local}@{domain}",
                "token": secrets.token_urlsafe(32),
                "good": False,
                "found": {},
                "asked_at": database_now(),
                "looked_at": None,
                "answered_at": None,
                "next_look_at": None,
            },
        )
        Tenant.objects.filter(id=tenant.uuid).update(mail_from="", mail_reply=row.address)
    _told(row.address, "asked", actor)
    return _sender(row)


def sender_look(*, tenant: TenantRef, actor: Any = None) -> Sender:
    """Look at the domain's records now, outside a transaction, and use the address or stop using it accordingly.

    Raises NotFound where no address was asked for.
    """
    with in_public():
        seen = _row(tenant)
    found = records_found(_domain(seen.address), base=environment().base_domain, token=seen.token, names=names())
    answered = Said.UNANSWERED not in found.values()
    with in_public(), transaction.atomic():
        row = _row(tenant, locked=True)
        if row.token != seen.token:
            return _sender(row)
        was, now = row.good, database_now()
        row.found = {kind: said.value for kind, said in found.items()}
        row.looked_at, row.next_look_at = now, tonight() if answered else now + AGAIN
        if answered:
            row.answered_at = now
        bad = any(said in (Said.MISSING, Said.WRONG) for said in found.values())
        silent = row.answered_at is not None and now - row.answered_at > PATIENCE
        row.good = all(said is Said.GOOD for said in found.values()) or (was and not bad and not silent)
        row.save()
        Tenant.objects.filter(id=tenant.uuid).update(mail_from=row.address if row.good else "")
    if row.good != was:
        _told(row.address, "good" if row.good else "lost", actor)
    return _sender(row)


def sender_end(*, tenant: TenantRef, actor: Any = None) -> None:
    """Mail is the service's own again, and replies go nowhere. Raises NotFound."""
    with in_public(), transaction.atomic():
        row = _row(tenant, locked=True)
        row.delete()
        Tenant.objects.filter(id=tenant.uuid).update(mail_from="", mail_reply="")
    _told(row.address, "ended", actor)


def _row(tenant: TenantRef, *, locked: bool = False) -> OwnSender:
    rows = OwnSender.objects.select_for_update() if locked else OwnSender.objects.all()
    row = rows.filter(tenant_id=tenant.uuid).first()
    if row is None:
        raise NotFound("No sender was asked for.", code="sender.unknown", remedy="Load the page again.")
    return row


def _told(address: str, state: str, actor: Any) -> None:
    forget()
    with transaction.atomic():
        event_record(OwnSenderChanged(address=address, state=state), actor=actor)


def sender_look_again(payload: dict[str, Any]) -> None:
    """The nightly job; a sender that was given up meanwhile needs no look."""
    tenant = current_tenant()
    if sender_of(tenant) is not None:
        sender_look(tenant=tenant)
