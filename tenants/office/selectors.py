"""Reads about the database as the office needs them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import OperationalError, connection

from tenants.office.models import SignedFact
from tenants.registry.context import TenantRef, in_public
from tenants.registry.models import Tenant

# Whose facts all of Scotland is shown: neither those still practising nor those that are suspended. What somebody has
# signed before another cell took them over stands, and nothing of it is brought up to date here.
SPEAKING = (Tenant.State.ACTIVE, Tenant.State.LEAVING, Tenant.State.MOVED)


@dataclass(frozen=True, slots=True)
class Fact:
    """What a tenant has signed and not taken back."""

    tenant: TenantRef
    key: str
    body: dict[str, Any]
    stated_at: datetime


def facts(kind: str) -> list[Fact]:
    """The facts of one kind that stand, in one query whatever the number of tenants."""
    with in_public():
        rows = SignedFact.objects.filter(kind=kind, tenant__state__in=SPEAKING, body__public=True)
        return [
            Fact(row.tenant.ref, row.key, row.body, row.stated_at)
            for row in rows.select_related("tenant").order_by("tenant__slug", "key")
        ]


@dataclass(frozen=True, slots=True)
class LoginFacts:
    """Who the service is in the database, and how far its clock is from ours, in seconds."""

    login: str
    superuser: bool
    version: str
    drift_seconds: float


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of the server as it is and as many tenants in one database need it, with the reason."""

    name: str
    value: str
    wanted: str
    why: str


# What the server must be set to, by least number or by word. Measured with 1,332 tenants (core/DECISIONS.md).
WANTED: tuple[tuple[str, int | str, str], ...] = (
    ("max_locks_per_transaction", 4096, "a dump of the whole database locks every table of every tenant"),
    ("recovery_init_sync_method", "syncfs", "otherwise a start after a crash opens every file: minutes, not seconds"),
    (
        "max_wal_size",
        4096,
        "with less room, in megabytes, making many tenants is one checkpoint after another",
    ),
    ("checkpoint_timeout", 900, "with so many files a checkpoint takes minutes; this is in seconds"),
)
# What would lose votes that were acknowledged. Tests alone may do without.
SAFE: tuple[tuple[str, int | str, str], ...] = (
    ("fsync", "on", "a power cut would lose what was acknowledged"),
    ("synchronous_commit", "on", "a crash would lose what was acknowledged"),
    ("full_page_writes", "on", "a power cut would leave torn pages"),
)
# Safer than "on", so not wrong.
STRONGER = {"synchronous_commit": ("on", "remote_write", "remote_apply")}


def settings_wrong(*, safe: bool = True) -> list[Setting]:
    """The server's settings that are not as this service needs them; `safe` asks for those that keep votes, too.

    Numbers are in PostgreSQL's own units, as `pg_settings` shows them.
    """
    wanted = [*WANTED, *(SAFE if safe else ())]
    with in_public(), connection.cursor() as cursor:
        # A role or a session may have its own; what counts is what this service's login gets.
        cursor.execute(
            "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [[name for name, _value, _why in wanted]]
        )
        found = {str(name): str(value) for name, value in cursor.fetchall()}
    wrong = []
    for name, value, why in wanted:
        now = found[name]
        least = isinstance(value, int)
        if not (int(now) >= int(value) if least else now in STRONGER.get(name, (value,))):
            wrong.append(Setting(name, now, f"{value} or more" if least else str(value), why))
    return wrong


def login_facts() -> LoginFacts | None:
    """None when the database does not answer."""
    try:
        with in_public(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT session_user::text, rolsuper, current_setting('server_version'),"
                " extract(epoch FROM clock_timestamp()) FROM pg_roles WHERE rolname = session_user"
            )
            login, superuser, version, now = cursor.fetchone()
    except OperationalError:
        return None
    return LoginFacts(str(login), bool(superuser), f"PostgreSQL {version}", float(now) - time.time())
