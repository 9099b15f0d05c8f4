"""Asking for an address of one's own, proving it, looking again, and switching it off.

Name servers are asked outside every transaction. What is written in `public` comes first; the tenant's own record and
what follows from it (sign-in, the editors' pages) come after, and the nightly look makes up for what was cut off.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from core.audit.services import event_record, job_enqueue
from core.kernel.clock import database_now
from core.kernel.env import environment
from core.kernel.errors import NotFound, Refused, Unavailable
from core.kernel.jobs import Job, Queue
from core.kernel.names import names
from core.people.sso.realm.step import login_step
from tenants.office.hosts.events import MainHostChanged, OwnHostChanged
from tenants.office.hosts.models import OwnHost
from tenants.office.hosts.naming import host_check, host_of, record_name, record_text
from tenants.office.hosts.times import AGAIN, PATIENCE, tonight
from tenants.registry.context import TenantRef, current_tenant, in_public
from tenants.registry.hosts import forget
from tenants.registry.models import Domain, Tenant

LOOK_JOB = Job("hosts.look", Queue.DEFAULT)
SIGN_IN_JOB = Job("hosts.sign_in", Queue.DEFAULT)
MOST_HOSTS = 3
State = OwnHost.State


@dataclass(frozen=True, slots=True)
class Own:
    """An address of one's own as its officers see it. `name` and `text` are the record to add."""

    id: UUID
    host: str
    state: str
    name: str
    text: str
    leads_here: bool
    main: bool
    looked_at: datetime | None
    answered: bool
    proved_at: datetime | None
    sign_in: bool


def service_host(slug: str) -> str:
    """The public host that the service itself has given, which always stays."""
    return f"{slug}.{environment().base_domain}"


def _own(row: OwnHost, main: str) -> Own:
    return Own(
        id=row.id,
        host=row.host,
        state=row.state,
        name=record_name(row.host),
        text=record_text(row.token),
        leads_here=row.leads_here,
        main=row.host == main,
        looked_at=row.looked_at,
        answered=row.answered_at == row.looked_at,
        proved_at=row.proved_at,
        sign_in=row.registered_at is not None,
    )


def _main(tenant: UUID) -> str:
    row = Domain.objects.filter(tenant_id=tenant, purpose=Domain.Purpose.PUBLIC, is_primary=True).first()
    return str(row.domain) if row else ""


def own_hosts(tenant: UUID) -> list[Own]:
    """Everything this tenant has asked for."""
    with in_public():
        main = _main(tenant)
        return [_own(row, main) for row in OwnHost.objects.filter(tenant_id=tenant)]


def host_ask(*, tenant: TenantRef, host: str, actor: Any = None) -> Own:
    """Ask for a host, standing in the tenant; asked for again after a loss, it gets a new record to prove it by.

    Raises Invalid for what is no name, Refused for one that is reserved, taken, a look-alike, or one too many.
    """
    name = host_of(host)
    with in_public(), transaction.atomic():
        Tenant.objects.select_for_update().get(id=tenant.uuid)
        taken = Domain.objects.filter(domain=name).first()
        if taken is not None and taken.tenant_id != tenant.uuid:
            raise _taken(name)
        others = Domain.objects.exclude(tenant_id=tenant.uuid).values_list("domain", flat=True)
        host_check(name, base=environment().base_domain, others=others)
        mine = OwnHost.objects.filter(tenant_id=tenant.uuid)
        known = mine.filter(host=name).first()
        if known is not None and known.state == State.PROVED:
            raise Refused(f"{name} is yours already.", code="host.yours", remedy="It needs no second proof.")
        if known is None and mine.count() >= MOST_HOSTS:
            raise Refused(
                f"A website has up to {MOST_HOSTS} addresses of its own.",
                code="host.most",
                remedy="Switch one off first.",
            )
        row, _made = OwnHost.objects.update_or_create(
            tenant_id=tenant.uuid,
            host=name,
            defaults={"state": State.ASKED, "token": secrets.token_urlsafe(32), "asked_at": database_now()},
        )
    with transaction.atomic():
        event_record(OwnHostChanged(host=name, state=State.ASKED.value), actor=actor)
    return _own(row, "")


def _taken(name: str) -> Refused:
    return Refused(
        f"{name} is the address of another website here.",
        code="host.taken",
        remedy="If the domain is yours, tell the national team; otherwise choose another name.",
    )


def _row(own: UUID, tenant: UUID, *, locked: bool = False) -> OwnHost:
    rows = OwnHost.objects.select_for_update() if locked else OwnHost.objects.all()
    row = rows.filter(id=own, tenant_id=tenant).first()
    if row is None:
        raise NotFound("There is no such address.", code="host.unknown", remedy="Load the page again.")
    return row


def host_look(*, own: UUID, tenant: TenantRef, actor: Any = None) -> Own:
    """Look at a host's records now, standing in the tenant outside a transaction, and act on what they say.

    The record is there: the host is served from now on. A served host whose record is gone is switched off at once and
    does not come back by itself. Raises NotFound, and Refused when somebody else has proved the host first.
    """
    with in_public():
        seen = _row(own, tenant.uuid)
    proved: bool | None
    try:
        proved = record_text(seen.token) in names().texts(record_name(seen.host))
    except Unavailable:
        proved = None
    leads = seen.leads_here if proved is None else _leads_here(seen.host, tenant.slug)
    with in_public(), transaction.atomic():
        before = _main(tenant.uuid)
        row = _row(own, tenant.uuid, locked=True)
        if row.token != seen.token:
            # Asked for anew while name servers were thinking: what they said is about another record.
            return _own(row, before)
        was, now = row.state, database_now()
        row.looked_at, row.leads_here, row.next_look_at = now, leads, tonight()
        if proved is None:
            row.next_look_at = now + AGAIN
        else:
            row.answered_at = now
        if proved and row.state != State.PROVED:
            _serve(row, now)
        elif row.state == State.PROVED and (proved is False or _silent_too_long(row, now)):
            _switch_off(row)
        if row.state == State.PROVED and not leads and proved is not None:
            _main_set(row.tenant_id, service_host(tenant.slug))
        if row.state != State.PROVED:
            row.next_look_at = None
        row.save()
        after = _main(tenant.uuid)
    missing = row.state == State.PROVED and row.registered_at is None
    _told(row.host, row.state if row.state != was else "", before, after, actor=actor, sign_in=missing)
    return _own(row, after)


def _leads_here(host: str, slug: str) -> bool:
    try:
        return bool(names().addresses(host) & names().addresses(service_host(slug)))
    except Unavailable:
        return False


def _silent_too_long(row: OwnHost, now: datetime) -> bool:
    return row.answered_at is not None and now - row.answered_at > PATIENCE


def _serve(row: OwnHost, now: datetime) -> None:
    """A proved host joins the registry's; who comes second finds it taken."""
    try:
        with transaction.atomic():
            Domain.objects.create(
                domain=row.host, tenant_id=row.tenant_id, purpose=Domain.Purpose.PUBLIC, is_primary=False
            )
    except IntegrityError as error:
        raise _taken(row.host) from error
    row.state, row.proved_at, row.registered_at = State.PROVED, now, None


def _switch_off(row: OwnHost) -> None:
    """Answered no more: from now on the host is as unknown as any other, and its old proof is worth nothing."""
    Domain.objects.filter(tenant_id=row.tenant_id, domain=row.host).delete()
    _main_set(row.tenant_id, "")
    row.state, row.token, row.registered_at = State.LOST, secrets.token_urlsafe(32), None


def _main_set(tenant: UUID, host: str) -> None:
    """Make `host` the canonical one; empty: the service's own where none is left."""
    rows = Domain.objects.filter(tenant_id=tenant, purpose=Domain.Purpose.PUBLIC)
    if not host and rows.filter(is_primary=True).exists():
        return
    host = host or service_host(Tenant.objects.get(id=tenant).slug)
    rows.filter(is_primary=True).exclude(domain=host).update(is_primary=False)
    rows.filter(domain=host).update(is_primary=True)


def _told(host: str, state: str, before: str, after: str, *, actor: Any = None, sign_in: bool = False) -> None:
    """What follows in the tenant itself: its record, the editors' pages, and where sign-ins may come back to."""
    forget()
    if not (state or sign_in or before != after):
        return
    with transaction.atomic():
        if state:
            event_record(OwnHostChanged(host=host, state=state), actor=actor)
        if before != after:
            event_record(MainHostChanged(host=after), actor=actor)
        job_enqueue(SIGN_IN_JOB, payload={})


def host_main(*, own: UUID | None, tenant: TenantRef, actor: Any = None) -> str:
    """Make a proved host the one that links name, or with None the service's own; returns it.

    Raises Refused for a host that is not proved or does not lead here: people would find nothing there.
    """
    with in_public(), transaction.atomic():
        Tenant.objects.select_for_update().get(id=tenant.uuid)
        before = _main(tenant.uuid)
        after = service_host(tenant.slug)
        if own is not None:
            row = _row(own, tenant.uuid)
            if row.state != State.PROVED or not row.leads_here:
                raise Refused(
                    f"{row.host} does not lead to your website yet.",
                    code="host.leads_elsewhere",
                    remedy="Add the record that leads here, have it checked, and try again.",
                )
            after = row.host
        _main_set(tenant.uuid, after)
    _told(after, "", before, after, actor=actor)
    return after


def host_end(*, own: UUID, tenant: TenantRef, actor: Any = None) -> None:
    """Switch a host off for good, at once. Raises NotFound."""
    with in_public(), transaction.atomic():
        row = _row(own, tenant.uuid, locked=True)
        before = _main(tenant.uuid)
        if row.state == State.PROVED:
            _switch_off(row)
        row.delete()
        after = _main(tenant.uuid)
    _told(row.host, "ended", before, after, actor=actor)


# -- the worker's side ------------------------------------------------------------------------------------------------


def host_look_again(payload: dict[str, Any]) -> None:
    """The nightly job, for one host; one that was switched off meanwhile is left alone."""
    tenant = current_tenant()
    with in_public():
        wanted = OwnHost.objects.filter(id=payload["row"], tenant_id=tenant.uuid, state=State.PROVED).exists()
    if wanted:
        host_look(own=UUID(payload["row"]), tenant=tenant)


def sign_in_follow(payload: dict[str, Any]) -> None:
    """Tell the sign-in service at which hosts this tenant's people come back; with no Keycloak it stays to be done."""
    tenant = current_tenant()
    if login_step(tenant) is not None:
        return
    with in_public():
        OwnHost.objects.filter(tenant_id=tenant.uuid, state=State.PROVED, registered_at__isnull=True).update(
            registered_at=database_now()
        )
