"""What the national console reads: rows of the registry, and what tenants have signed. All of it stands in `public`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q

from core.kernel.errors import NotFound
from plugins.api.text import LocalisedText
from tenants.office.models import ProvisioningStep, SchemaRelease, SignedFact, TemplateRelease
from tenants.registry.context import TenantRef, in_public
from tenants.registry.models import Tenant


@dataclass(frozen=True, slots=True)
class Row:
    """A tenant as the registry has it. `cell` and `address`: where it is served by another cell; empty here."""

    uuid: UUID
    slug: str
    kind: str
    name: LocalisedText
    state: str
    parent: UUID | None
    created_at: datetime
    steps_done: int
    steps_failed: int
    cell: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed fact with whose it is."""

    tenant: UUID
    kind: str
    key: str
    body: Mapping[str, Any]
    stated_at: datetime


@dataclass(frozen=True, slots=True)
class FleetRow:
    """One schema in the ledger of the newest release."""

    tenant: TenantRef
    state: str
    attempts: int
    seconds: float
    error: str
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Fleet:
    """The newest release and how many schemas have which state; rows only of those that are not done."""

    release: str
    recorded_at: datetime
    schemas: int
    done: int
    behind: tuple[FleetRow, ...]


def _row(row: Any) -> Row:
    return Row(
        row.id,
        row.slug,
        row.kind,
        row.name,
        row.state,
        row.parent_id,
        row.created_at,
        row.steps_done,
        row.steps_failed,
        row.move.cell if row.state == Tenant.State.MOVED else "",
        row.move.origins.get("public", "") if row.state == Tenant.State.MOVED else "",
    )


def registry_rows() -> list[Row]:
    """Every tenant but those that were erased, by name of address."""
    done = Count("steps", filter=Q(steps__state=ProvisioningStep.State.DONE))
    failed = Count("steps", filter=Q(steps__state=ProvisioningStep.State.FAILED))
    with in_public():
        rows = Tenant.objects.exclude(state=Tenant.State.ERASED).annotate(steps_done=done, steps_failed=failed)
        rows = rows.select_related("move")
        return [_row(row) for row in rows.order_by("slug")]


def registry_row(slug: str) -> Row:
    """Raises NotFound."""
    found = next((row for row in registry_rows() if row.slug == slug), None)
    if found is None:
        raise NotFound("There is no such council or group.", code="tenant.unknown")
    return found


def signed_facts(tenant: UUID | None = None) -> list[Signed]:
    """Everything that tenants have signed and that stands, of one of them where it is named."""
    with in_public():
        rows = SignedFact.objects.filter(body__public=True)
        if tenant is not None:
            rows = rows.filter(tenant_id=tenant)
        return [
            Signed(row.tenant_id, row.kind, row.key, row.body, row.stated_at) for row in rows.order_by("kind", "key")
        ]


def fleet() -> Fleet | None:
    """How the newest release has reached the schemas; None before the first."""
    with in_public():
        release = TemplateRelease.objects.order_by("-recorded_at").only("id", "mark", "recorded_at").first()
        if release is None:
            return None
        rows = SchemaRelease.objects.filter(release=release).select_related("tenant")
        behind = tuple(
            FleetRow(row.tenant.ref, row.state, row.attempts, row.seconds, row.error, row.finished_at)
            for row in rows.exclude(state=SchemaRelease.State.DONE)
        )
        done = rows.filter(state=SchemaRelease.State.DONE).count()
        return Fleet(release.mark[:12], release.recorded_at, done + len(behind), done, behind)
