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
from core.kernel.errors import Unavailable
from tenants.registry.place import Role, database_role


@contextmanager
def owner_connection() -> Iterator[psycopg.Connection[Any]]:
    """A transaction as the owner; committed at the end, rolled back when anything raises."""
    url = environment().migrate_database_url
    database = connection.settings_dict["NAME"]
    try:
        opened = psycopg.connect(url, dbname=database, connect_timeout=10)
    except psycopg.OperationalError as error:
        raise Unavailable(
            "The database does not answer.",
            code="database.unreachable",
            remedy="`commonty services up` starts the embedded one; COMMONTY_MIGRATE_DATABASE_URL names another.",
        ) from error
    with opened:
        yield opened


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
