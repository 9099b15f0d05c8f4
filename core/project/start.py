"""What must hold before a process of production serves anybody."""

from __future__ import annotations

import psycopg

from core.kernel.env import environment
from core.kernel.errors import Refused, Unavailable


def login_check(url: str) -> None:
    """Raises Refused when the login could read past every role: isolation would be a matter of luck."""
    try:
        with psycopg.connect(url, connect_timeout=10) as opened:
            row = opened.execute(
                "SELECT rolname, rolsuper OR rolbypassrls OR rolcreaterole FROM pg_roles WHERE rolname = session_user"
            ).fetchone()
    except psycopg.OperationalError as error:
        raise Unavailable(
            "The database does not answer.", code="database.unreachable", remedy="Check COMMONTY_DATABASE_URL."
        ) from error
    if row is None or row[1]:
        raise Refused(
            "The service does not run as a superuser of the database, nor as a login that may make roles.",
            code="database.superuser",
            remedy="Give COMMONTY_DATABASE_URL a login of its own: NOSUPERUSER NOCREATEROLE NOINHERIT.",
        )


def start_check() -> None:
    """Called by every process that serves; says nothing outside production."""
    if environment().env == "production":
        login_check(environment().database_url)
