"""The public side of support access. A tenant's own side (who granted it, what was looked at) is `core.support`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from core.kernel.clock import database_now
from core.kernel.errors import Invalid, NotFound, Refused
from tenants.office.support.models import SupportWish
from tenants.registry.context import TenantRef, in_public
from tenants.registry.models import Tenant
from tenants.registry.selectors import GONE

LONGEST = 72
State = SupportWish.State


@dataclass(frozen=True, slots=True)
class Wish:
    """A wish as both sides see it."""

    id: UUID
    tenant: TenantRef
    reason: str
    hours: int
    state: str
    asked_at: datetime
    ends_at: datetime | None

    @property
    def over(self) -> bool:
        return self.ends_at is not None and self.ends_at <= database_now()


def _wish(row: SupportWish) -> Wish:
    return Wish(row.id, row.tenant.ref, row.reason, row.hours, row.state, row.asked_at, row.ends_at)


def support_ask(*, tenant: UUID, reason: str, hours: int) -> Wish:
    """Ask a tenant for access.

    Raises Invalid without a reason or for an odd length, Refused while one waits, NotFound for one that is not here.
    """
    if len(reason.strip()) < 10:
        raise Invalid("Say why, in a sentence that the council can judge.", code="support.reason")
    if not 1 <= hours <= LONGEST:
        raise Invalid(f"Ask for 1 to {LONGEST} hours.", code="support.hours")
    with in_public(), transaction.atomic():
        here = Tenant.objects.exclude(kind=Tenant.Kind.HUB).exclude(state__in=GONE)
        row = here.select_for_update().filter(pk=tenant).first()
        if row is None:
            raise NotFound("There is no such tenant.", code="tenant.unknown")
        if SupportWish.objects.filter(tenant=row, state=State.ASKED).exists():
            raise Refused(
                "A wish is waiting for this tenant's answer already.",
                code="support.waiting",
                remedy="Wait for the answer, or call them.",
            )
        made = SupportWish.objects.create(tenant=row, reason=reason.strip()[:500], hours=hours)
        return _wish(made)


def support_answered(*, wish: UUID, tenant: UUID, state: str, ends_at: datetime | None = None) -> None:
    """Note what the tenant said, for the console. Only the tenant it was asked of answers."""
    with in_public():
        SupportWish.objects.filter(pk=wish, tenant_id=tenant).update(
            state=state, ends_at=ends_at, answered_at=database_now()
        )


def wishes(*, tenant: UUID | None = None) -> list[Wish]:
    """All wishes, the newest first; one tenant's where it is named."""
    with in_public():
        rows = SupportWish.objects.select_related("tenant")
        return [_wish(row) for row in (rows.filter(tenant_id=tenant) if tenant else rows)[:200]]


def wish_of(wish: UUID, *, tenant: UUID | None = None) -> Wish:
    """Raises NotFound, also for a wish that was asked of somebody else than the tenant named."""
    with in_public():
        rows = SupportWish.objects.select_related("tenant").filter(pk=wish)
        row = (rows.filter(tenant_id=tenant) if tenant else rows).first()
    if row is None:
        raise NotFound("There is no such wish for support access.", code="support.unknown")
    return _wish(row)
