"""One statement, prepared once per connection and sent in one round trip: for the ballot box and nothing slower.

It runs where the connection stands, like every other query; Django's own cursors bind on the client and never prepare.
Outside a transaction even the driver's cursor is left out: its loop around each statement costs as much as the
statement itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import Any, cast
from uuid import UUID
from weakref import WeakKeyDictionary

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from psycopg import pq
from psycopg.errors import error_from_result

BINARY = pq.Format.BINARY
PLACEHOLDER = re.compile("%[sb]")
# By PostgreSQL's numbers of types: how a value is written, and how one is read.
TYPES: dict[type, tuple[int, Callable[[Any], bytes]]] = {
    UUID: (2950, lambda value: value.bytes),
    bytes: (17, bytes),
    str: (25, str.encode),
}
READERS: dict[int, Callable[[bytes], Any]] = {
    17: bytes,
    23: lambda data: int.from_bytes(data, "big", signed=True),
    25: bytes.decode,
}
_prepared: WeakKeyDictionary[psycopg.Connection[Any], dict[str, bytes]] = WeakKeyDictionary()


def prepared_row(statement: str, values: Sequence[Any]) -> tuple[Any, ...]:
    """The first row of a prepared statement, whose values are UUIDs, bytes or text. Raises Django's database errors."""
    wrapper = cast(Any, connections[DEFAULT_DB_ALIAS])
    with wrapper.wrap_database_errors:
        raw: psycopg.Connection[Any] = wrapper.entered()
        if not raw.autocommit:
            return _by_cursor(raw, statement, [values])[0]
        name = _name(raw, statement, values)
        given = [TYPES[type(value)][1](value) for value in values]
        result = raw.pgconn.exec_prepared(name, given, [BINARY] * len(given), BINARY)
        if result.status != pq.ExecStatus.TUPLES_OK:
            raise error_from_result(result)
        return tuple(_read(result, column) for column in range(result.nfields))


def _name(raw: psycopg.Connection[Any], statement: str, values: Sequence[Any]) -> bytes:
    """The name under which this connection knows the statement, having prepared it."""
    known = _prepared.setdefault(raw, {})
    name = known.get(statement)
    if name is None:
        name = b"commonty_%d" % len(known)
        places = count(1)
        numbered = PLACEHOLDER.sub(lambda _match: f"${next(places)}", statement)
        result = raw.pgconn.prepare(name, numbered.encode(), [TYPES[type(value)][0] for value in values])
        if result.status != pq.ExecStatus.COMMAND_OK:
            raise error_from_result(result)
        known[statement] = name
    return name


def _read(result: Any, column: int) -> Any:
    data = result.get_value(0, column)
    return None if data is None else READERS[result.ftype(column)](data)


def prepared_rows(statement: str, many: Iterable[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """The first row for each set of values, sent as one pipeline. Raises Django's database errors."""
    wrapper = cast(Any, connections[DEFAULT_DB_ALIAS])
    with wrapper.wrap_database_errors:
        return _by_cursor(wrapper.entered(), statement, many)


def _by_cursor(raw: psycopg.Connection[Any], statement: str, many: Iterable[Sequence[Any]]) -> list[tuple[Any, ...]]:
    if raw.prepare_threshold is None:
        raw.prepare_threshold = 1
    found: list[tuple[Any, ...]] = []
    with psycopg.Cursor(raw) as cursor:
        cursor.executemany(cast(Any, statement), many, returning=True)
        while cursor.pgresult is not None:
            row = cursor.fetchone()
            if row is not None:
                found.append(tuple(row))
            if not cursor.nextset():
                break
    return found
