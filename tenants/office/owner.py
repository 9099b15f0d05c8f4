"""The owner's connection: the one place that may create, alter and drop. No web process holds its password.

Everything else reaches the database through Django; here psycopg is used directly, as cloning a schema is SQL text
and must run outside any tenant. The one audited exception to the ban on raw connections.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import psycopg
from django.db import connection
from psycopg import sql

from core.kernel.env import environment
from core.kernel.errors import Refused, Unavailable
from tenants.registry.place import Role, database_role

LOCK = 0x464C4545


def _open(*, autocommit: bool = False) -> psycopg.Connection[Any]:
    url = environment().migrate_database_url
    database = connection.settings_dict["NAME"]
    try:
        return psycopg.connect(url, dbname=database, connect_timeout=10, autocommit=autocommit)
    except psycopg.OperationalError as error:
        raise Unavailable(
            "The database does not answer.",
            code="database.unreachable",
            remedy="`commonty services up` starts the embedded one; COMMONTY_MIGRATE_DATABASE_URL names another.",
        ) from error


@contextmanager
def owner_connection() -> Iterator[psycopg.Connection[Any]]:
    """A transaction as the owner; committed at the end, rolled back when anything raises."""
    with _open() as opened:
        yield opened


def owner_autocommit() -> psycopg.Connection[Any]:
    """A connection of the owner for one transaction after another; whoever opens it closes it."""
    return _open(autocommit=True)


def checkpoint() -> bool:
    """Let the server write down what it has changed, so that a start after a crash has little to do again.

    False where the owner may not ask for it: the embedded server lets it, others by `GRANT pg_checkpoint`.
    """
    with _open(autocommit=True) as owner:
        row = owner.execute("SELECT pg_has_role('pg_checkpoint', 'USAGE')").fetchone()
        allowed = bool(row and row[0])
        if allowed:
            owner.execute("CHECKPOINT")
    return allowed


class SchemaLocks:
    """One process at a time builds, migrates, restores or drops a schema. A lock ends with its process."""

    def __init__(self) -> None:
        self._connection = _open(autocommit=True)

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def held(self, schema: str) -> Iterator[bool]:
        """True while nobody else has the schema in hand; False at once when somebody has."""
        words = [LOCK, schema]
        row = self._connection.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", words).fetchone()
        ours = bool(row and row[0])
        try:
            yield ours
        finally:
            if ours:
                self._connection.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", words)


@contextmanager
def schema_locks() -> Iterator[SchemaLocks]:
    """Locks on a connection of their own, for as long as the block lasts."""
    locks = SchemaLocks()
    try:
        yield locks
    finally:
        locks.close()


@contextmanager
def schema_lock(schema: str) -> Iterator[None]:
    """Have a schema to oneself. Raises Refused when somebody else is at work on it."""
    with schema_locks() as locks, locks.held(schema) as ours:
        if not ours:
            raise Refused(
                "Somebody else is at work on this tenant’s schema.",
                code="schema.busy",
                remedy="Wait until it is done, then try again; `commonty tenant show` says how far it is.",
            )
        yield


@contextmanager
def django_as_owner() -> Iterator[None]:
    """Django's own connection under the owner's login, for migrations; then as it was."""
    wrapper = cast(Any, connection)
    parts = psycopg.conninfo.conninfo_to_dict(environment().migrate_database_url)
    before = {key: wrapper.settings_dict[key] for key in ("USER", "PASSWORD")}
    wrapper.close()
    wrapper.settings_dict.update(USER=parts.get("user", ""), PASSWORD=parts.get("password", ""))
    try:
        yield
    finally:
        wrapper.close()
        wrapper.settings_dict.update(before)


def schema_make(schema: str) -> None:
    """An empty schema, for measuring what migrating one from nothing costs."""
    with owner_connection() as owner:
        owner.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))


def schema_drop(schema: str) -> None:
    """Drop a schema with everything in it, and its roles. There is no way back."""
    with owner_connection() as owner:
        owner.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema)))
        for role in Role:
            name = sql.Identifier(database_role(schema, role))
            owner.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(name))
