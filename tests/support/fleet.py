"""Schemas made to lag behind or to be wrong, as a superuser does it behind the product's back."""

from __future__ import annotations

from typing import Any

import psycopg
from django.db import connection

from core.kernel.env import environment
from tenants.registry.place import TEMPLATE

# The newest migration of Wagtail's users app adds one column: a real additive migration to take away and have back.
ADDITIVE = ("wagtailusers", "0015_userprofile_keyboard_shortcuts", "wagtailusers_userprofile", "keyboard_shortcuts")


def admin(statement: str, values: Any = None) -> list[tuple[Any, ...]]:
    """As a superuser in the test's own database: what an outsider to the product sees and does."""
    name = str(connection.settings_dict["NAME"])
    with psycopg.connect(environment().admin_database_url, dbname=name, autocommit=True) as opened:
        answer = opened.execute(statement.encode(), values)
        return answer.fetchall() if answer.description else []


def told_once_more(schema: str) -> bool:
    """Whether a schema's roles changed again in a later transaction than the one that gave them to the service."""
    given, told = admin(
        "SELECT max(m.xmin::text::bigint), max(a.xmin::text::bigint) FROM pg_authid a"
        " JOIN pg_auth_members m ON m.roleid = a.oid WHERE a.rolname LIKE %s",
        [schema.replace("_", r"\_") + r"\_%"],
    )[0]
    return bool(told > given)


def public_rows() -> dict[str, int]:
    """How many rows each table of `public` has."""
    tables = [row[0] for row in admin("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    return {name: admin(f'SELECT count(*) FROM public."{name}"')[0][0] for name in tables}


def lag(schema: str) -> None:
    """The schema as it was one additive migration ago, and the ledger knowing nothing of it."""
    app, name, table, column = ADDITIVE
    admin(f'ALTER TABLE "{schema}".{table} DROP COLUMN {column}')
    admin(f'DELETE FROM "{schema}".django_migrations WHERE app = %s AND name = %s', [app, name])
    admin(
        "DELETE FROM office_schemarelease WHERE tenant_id = (SELECT id FROM registry_tenant WHERE schema_name = %s)",
        [schema],
    )


def behind(*schemas: str) -> None:
    """Template and schemas as they were one additive release ago, the ledger saying so; then the template migrated."""
    from tenants.office.template import migrate, release_record

    app, name, table, column = ADDITIVE
    admin(f"ALTER TABLE {TEMPLATE}.{table} DROP COLUMN {column}")
    admin(f"DELETE FROM {TEMPLATE}.django_migrations WHERE app = %s AND name = %s", [app, name])
    earlier = release_record({})
    for schema in schemas:
        lag(schema)
        admin(
            "INSERT INTO office_schemarelease (tenant_id, release_id, state, cohort, attempts, seconds, error)"
            " SELECT id, %s, 'done', 1, 1, 0, '' FROM registry_tenant WHERE schema_name = %s",
            [earlier.pk, schema],
        )
    migrate()


def columns(schema: str) -> set[str]:
    rows = admin(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s",
        [schema, ADDITIVE[2]],
    )
    return {str(row[0]) for row in rows}
