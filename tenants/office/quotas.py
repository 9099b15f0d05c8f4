"""What the national team sets in place of a default limit, for one tenant or for all together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from core.audit.services import event_record
from core.kernel.errors import Invalid, NotFound
from tenants.office.events import QuotaSet
from tenants.registry.context import TenantRef, in_public
from tenants.registry.limits import DEFAULTS, What, quotas_forget
from tenants.registry.models import Quota, Tenant
from tenants.registry.selectors import SERVED

# What fits the column; nobody means more.
MOST = 2**62


@dataclass(frozen=True, slots=True)
class Line:
    """A tenant's limits, or those of all together where `tenant` is None; `given` are not the defaults."""

    tenant: TenantRef | None
    most: Mapping[What, int]
    given: frozenset[What]


def quota_set(*, tenant: UUID | None, what: str, most: int | None, actor: Any = None) -> None:
    """Set a limit, standing in the national site; `most` None gives the default back. Seen everywhere within a minute.

    Raises Invalid for a limit that is none, NotFound for an unknown tenant.
    """
    if what not in set(What) or (most is not None and not 0 <= most <= MOST):
        raise Invalid("This is no limit.", code="quota.invalid", remedy="Write a whole number, from 0.")
    with in_public(), transaction.atomic():
        row = Tenant.objects.filter(pk=tenant).first() if tenant is not None else None
        if tenant is not None and row is None:
            raise NotFound("There is no such tenant.", code="tenant.unknown")
        if most is None:
            Quota.objects.filter(tenant=row, what=what).delete()
        else:
            Quota.objects.update_or_create(tenant=row, what=what, defaults={"most": most})
    quotas_forget()
    with transaction.atomic():
        event_record(QuotaSet(tenant=row.slug if row else "", what=what, most=most), actor=actor)


def quotas() -> list[Line]:
    """Those of all together first, then of every tenant that is served, by name of address."""
    with in_public():
        given = {(row.tenant_id, What(row.what)): row.most for row in Quota.objects.all() if row.what in set(What)}
        refs: list[TenantRef] = [row.ref for row in Tenant.objects.filter(state__in=SERVED).order_by("slug")]
    lines = []
    for ref in (None, *refs):
        own = ref.uuid if ref else None
        defaults = {what: rule.of(ref.kind) if ref else rule.together for what, rule in DEFAULTS.items()}
        most = {what: given.get((own, what), default) for what, default in defaults.items()}
        lines.append(Line(ref, most, frozenset(what for what in DEFAULTS if (own, what) in given)))
    return lines
