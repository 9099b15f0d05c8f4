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

# Whose facts all of Scotland is shown: neither those still practising nor those that are suspended.
SPEAKING = (Tenant.State.ACTIVE, Tenant.State.LEAVING)


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
