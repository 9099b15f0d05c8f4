"""What time it is. Deadlines are decided by the database's time, never by a web process's own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol

from django.db import connection


class Clock(Protocol):
    """Anything that tells the time, aware and in UTC."""

    def now(self) -> datetime: ...


class SystemClock:
    """This machine's clock: for logs and displays."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class DatabaseClock:
    """The database's clock, which decides."""

    def now(self) -> datetime:
        return database_now()


def database_now() -> datetime:
    """The database's time at this moment, not at the start of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    moment: datetime = now
    return moment.astimezone(UTC)
