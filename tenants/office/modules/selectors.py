"""Reads of wishes for modules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core.kernel.errors import NotFound
from tenants.office.modules.models import ModuleWish
from tenants.registry.context import TenantRef, in_public


@dataclass(frozen=True, slots=True)
class Wish:
    """A wish as both sides see it."""

    id: UUID
    tenant: TenantRef
    what: str
    why: str
    state: str
    answer: str
    asked_at: datetime
    answered_at: datetime | None


def _wish(row: Any) -> Wish:
    return Wish(row.id, row.tenant.ref, row.what, row.why, row.state, row.answer, row.asked_at, row.answered_at)


def wishes(tenant: UUID | None = None) -> list[Wish]:
    """Every wish, the newest first; of one tenant where it is named."""
    with in_public():
        rows = ModuleWish.objects.select_related("tenant")
        return [_wish(row) for row in (rows.filter(tenant_id=tenant) if tenant is not None else rows)]


def wish_of(wish: UUID) -> Wish:
    """Raises NotFound."""
    with in_public():
        row = ModuleWish.objects.select_related("tenant").filter(pk=wish).first()
    if row is None:
        raise NotFound("There is no such wish.", code="wish.unknown")
    return _wish(row)
