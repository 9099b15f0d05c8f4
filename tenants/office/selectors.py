"""Reads about the database as the office needs them."""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.db import OperationalError, connection

from tenants.registry.context import in_public


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
