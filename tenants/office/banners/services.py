"""Putting a banner up and taking it down, and which stand now.

Every page asks which stand, so the answer is kept in the process for some seconds; asked within a transaction, or while
the database is away, what was known last is given.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection

from core.kernel.clock import database_now
from core.kernel.errors import Invalid, NotFound
from plugins.api.text import LocalisedText
from tenants.office.banners.models import Banner
from tenants.registry.context import TenantRef, in_public
from tenants.registry.models import Tenant

KEPT_SECONDS = 15.0
MOST = 400


@dataclass(frozen=True, slots=True)
class Shown:
    """A banner as pages show it. `tenant` is None for all."""

    id: UUID
    tenant: TenantRef | None
    words: LocalisedText
    made_at: datetime
    ends_at: datetime


_kept: list[tuple[float, list[Shown]]] = []


def banner_put(*, tenant: UUID | None, words: LocalisedText, ends_at: datetime) -> UUID:
    """Show these words on every page of one tenant, or of all where `tenant` is None, until they end.

    Raises Invalid for an end that has passed, no words or too many, NotFound for an unknown tenant.
    """
    if not words.en.strip() or max(len(words.en), len(words.gd)) > MOST:
        raise Invalid(f"Write between 1 and {MOST} letters.", code="banner.words")
    if ends_at <= database_now():
        raise Invalid("This moment has passed.", code="banner.past", remedy="Choose a later one.")
    with in_public():
        if tenant is not None and not Tenant.objects.filter(pk=tenant).exists():
            raise NotFound("There is no such tenant.", code="tenant.unknown")
        row = Banner.objects.create(tenant_id=tenant, words=words, ends_at=ends_at)
    banners_forget()
    return row.id


def banner_end(*, banner: UUID) -> None:
    """Take a banner down now. Raises NotFound where none of that id stands."""
    with in_public():
        now = database_now()
        if not Banner.objects.filter(pk=banner, ends_at__gt=now).update(ends_at=now):
            raise NotFound("This banner does not stand any more.", code="banner.gone")
    banners_forget()


def banners_standing() -> list[Shown]:
    """Every banner that stands now, the newest first."""
    with in_public():
        rows = Banner.objects.filter(ends_at__gt=database_now()).select_related("tenant")
        return [
            Shown(row.id, row.tenant.ref if row.tenant else None, row.words, row.made_at, row.ends_at) for row in rows
        ]


def banners_for(tenant: UUID) -> list[Shown]:
    """What stands on this tenant's pages, from memory where that is fresh enough."""
    now = time.monotonic()
    if not _kept or (_kept[0][0] <= now and not connection.in_atomic_block):
        try:
            standing = banners_standing() if not connection.in_atomic_block else []
        except (OperationalError, InterfaceError):
            standing = _kept[0][1] if _kept else []
        _kept[:] = [(now + KEPT_SECONDS, standing)]
    return [one for one in _kept[0][1] if one.tenant is None or one.tenant.uuid == tenant]


def banners_forget() -> None:
    """Ask anew at the next page of this process."""
    _kept.clear()
