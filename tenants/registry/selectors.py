"""Reads of the registry. Each enters the registry itself and returns values."""

from __future__ import annotations

from uuid import UUID

from core.kernel.errors import NotFound
from tenants.registry.context import TenantRef, in_public
from tenants.registry.models import Domain, Tenant

SERVED = (Tenant.State.PRACTICE, Tenant.State.ACTIVE, Tenant.State.SUSPENDED, Tenant.State.LEAVING)
# Nothing of theirs stands here but a line in the registry.
GONE = (Tenant.State.ERASED, Tenant.State.MOVED)


def tenant_refs(*, kinds: tuple[str, ...] = ()) -> list[TenantRef]:
    """Every tenant that is served, by slug; of some kinds only where they are named."""
    with in_public():
        rows = Tenant.objects.filter(state__in=SERVED).order_by("slug")
        if kinds:
            rows = rows.filter(kind__in=kinds)
        return [row.ref for row in rows]


def tenant_by_slug(slug: str) -> TenantRef:
    """Raises NotFound with the nearest thing to do."""
    with in_public():
        row = Tenant.objects.filter(slug=slug).first()
    if row is None:
        raise NotFound(
            f"There is no tenant {slug!r}.",
            code="tenant.unknown",
            remedy="`commonty tenant list` shows all of them.",
        )
    ref: TenantRef = row.ref
    return ref


def tenant_by_uuid(uuid: UUID) -> TenantRef | None:
    with in_public():
        row = Tenant.objects.filter(id=uuid).first()
    return row.ref if row else None


def hosts_of(tenant: UUID) -> dict[str, str]:
    """The primary host name for each purpose: public, staff, files."""
    with in_public():
        rows = Domain.objects.filter(tenant_id=tenant, is_primary=True)
        return {row.purpose: row.domain for row in rows}


def public_hosts() -> dict[str, str]:
    """The canonical public host of every tenant that is served, by slug."""
    with in_public():
        rows = Domain.objects.filter(
            is_primary=True, purpose=Domain.Purpose.PUBLIC, tenant__state__in=SERVED
        ).values_list("tenant__slug", "domain")
        return dict(rows)
