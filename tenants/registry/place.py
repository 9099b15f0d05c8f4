"""Where a database connection stands: which schema, as which role, for which tenant.

Pure values, no Django: the backend, the context and the tests speak of the same thing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """The three roles of a tenant. Each may use its own tenant's schema only."""

    VOTER = "voter"
    STAFF = "staff"
    WORKER = "worker"


# How long a statement, a wait for a lock and an idle open transaction may last, in milliseconds.
TIMEOUTS: dict[str, tuple[int, int, int]] = {
    Role.VOTER: (10_000, 5_000, 15_000),
    Role.STAFF: (30_000, 5_000, 30_000),
    Role.WORKER: (900_000, 30_000, 900_000),
    "registry": (10_000, 5_000, 15_000),
    "owner": (0, 60_000, 0),
    # A migration waits briefly for a lock and tries again, so that it never stands in the way of those who vote.
    "fleet": (300_000, 2_000, 60_000),
    "none": (5_000, 1_000, 5_000),
}

PUBLIC = "public"
TEMPLATE = "commonty_template"
REGISTRY_ROLE = "commonty_registry"
# National roles that read: registry views without personal data, and everything for a backup.
REPORT_ROLE = "commonty_report"
BACKUP_ROLE = "commonty_backup"


@dataclass(frozen=True, slots=True)
class Place:
    """A schema, the database role that reads it, and the tenant whose setting is emitted (None outside a tenant)."""

    schema: str
    role: str
    timeouts: str
    tenant: UUID | None = None


# A name that no provisioning ever gives out, with no `public` behind it: every query outside a context fails.
NOWHERE = Place(schema="commonty_nowhere", role="none", timeouts="none")
REGISTRY = Place(schema=PUBLIC, role=REGISTRY_ROLE, timeouts="registry")


def database_role(schema: str, role: Role) -> str:
    return f"{schema}_{role.value}"


def tenant_place(schema: str, tenant: UUID, role: Role) -> Place:
    return Place(schema=schema, role=database_role(schema, role), timeouts=role.value, tenant=tenant)


def owner_place(schema: str, tenant: UUID | None = None, timeouts: str = "owner") -> Place:
    """For migrations and provisioning, on a connection of the owner's login; never in a web process."""
    return Place(schema=schema, role="none", timeouts=timeouts, tenant=tenant)
