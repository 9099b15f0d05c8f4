"""One statement, prepared once per connection and sent in one round trip: for the ballot box and nothing slower.

It runs where the connection stands, like every other query; Django's own cursors bind on the client and never prepare.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

import psycopg
from django.db import connection


def _cursor() -> psycopg.Cursor[Any]:
    wrapper = cast(Any, connection)
    # Django's cursor is asked for first, because asking enters the place.
    with wrapper.cursor():
        raw: psycopg.Connection[Any] = wrapper.connection
    if raw.prepare_threshold is None:
        raw.prepare_threshold = 1
    return psycopg.Cursor(raw)


def prepared_row(statement: str, values: Sequence[Any]) -> tuple[Any, ...]:
    """The first row of a prepared statement. Raises Django's database errors."""
    with connection.wrap_database_errors, _cursor() as cursor:
        cursor.execute(cast(Any, statement), values, prepare=True)
        row = cursor.fetchone()
    assert row is not None
    return cast("tuple[Any, ...]", row)


def prepared_rows(statement: str, many: Iterable[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """The first row for each set of values, sent as one pipeline. Raises Django's database errors."""
    found: list[tuple[Any, ...]] = []
    with connection.wrap_database_errors, _cursor() as cursor:
        cursor.executemany(cast(Any, statement), many, returning=True)
        while cursor.pgresult is not None:
            row = cursor.fetchone()
            if row is not None:
                found.append(tuple(row))
            if not cursor.nextset():
                break
    return found
