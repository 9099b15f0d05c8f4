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

from core.kernel.env import environment
from core.kernel.errors import Unavailable


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
