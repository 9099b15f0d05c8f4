"""The template schema and the registry: migrated here, by the owner, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
from django.core.management import call_command
from django.core.management.commands.migrate import Command as Migrate
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from psycopg import sql

from core.kernel.errors import CommontyError
from tenants.office.clone import fingerprint, structure
from tenants.office.models import TemplateRelease
from tenants.office.owner import django_as_owner, owner_connection
from tenants.registry.context import in_public, in_template
from tenants.registry.place import PUBLIC, REGISTRY_ROLE, TEMPLATE


class TablesOverlap(CommontyError):
    """A table name stands in `public` and in a tenant schema: a wrong path would read the wrong one."""

    exit_code = 1


def login_of(url_connection: psycopg.Connection[tuple[object, ...]]) -> str:
    row = url_connection.execute("SELECT session_user").fetchone()
    return str(row[0]) if row else ""


def national_roles_ensure() -> None:
    """The role that reads and writes the registry; the web login may become it and inherits nothing."""
    app = str(connection.settings_dict["USER"])
    with owner_connection() as owner:
        present = owner.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [REGISTRY_ROLE]).fetchone()
        if not present:
            owner.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(REGISTRY_ROLE)))
        if app and app != login_of(owner):
            owner.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(REGISTRY_ROLE), sql.Identifier(app)))


def registry_grants() -> None:
    """The registry role may read and write its tables, and create none."""
    with owner_connection() as owner:
        role = sql.Identifier(REGISTRY_ROLE)
        owner.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        owner.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(role))
        owner.execute(sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}").format(role))
        owner.execute(sql.SQL("REVOKE ALL ON public.django_migrations FROM {}").format(role))
        owner.execute(sql.SQL("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {}").format(role))


def migrate(*, say: Callable[[str], None] = lambda text: None) -> TemplateRelease:
    """Bring the registry and the template schema up to date, and record what tenants are cloned from.

    Raises TablesOverlap when a table name stands in both.
    """
    national_roles_ensure()
    with owner_connection() as owner:
        owner.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(TEMPLATE)))
    with django_as_owner():
        for schema, words in ((PUBLIC, "the registry"), (TEMPLATE, "the template schema")):
            say(f"Migrating {words} …")
            with in_template(schema):
                # Django's own command: the one of django-tenants walks the tenants, which the office does itself.
                call_command(Migrate(), interactive=False, verbosity=0, skip_checks=True)
        with in_template(TEMPLATE):
            applied = sorted(MigrationRecorder(connection).applied_migrations())
    registry_grants()
    overlap = tables_in_both(TEMPLATE)
    if overlap:
        raise TablesOverlap(
            "These tables stand both in `public` and in the tenant schemas: " + ", ".join(overlap) + ".",
            code="tables.overlap",
            remedy="An app belongs either to SHARED_APPS or to TENANT_APPS.",
        )
    text = structure(TEMPLATE, str(connection.settings_dict["NAME"]))
    mark = fingerprint(text, TEMPLATE)
    with in_public():
        release, _ = TemplateRelease.objects.get_or_create(
            fingerprint=mark, defaults={"structure": text, "migrations": [list(pair) for pair in applied]}
        )
    return release


def tables_in_both(schema: str) -> list[str]:
    """Table names of `public` that also stand in the schema, `django_migrations` apart."""
    with owner_connection() as owner:
        rows = owner.execute(
            "SELECT a.tablename FROM pg_tables a JOIN pg_tables b USING (tablename)"
            " WHERE a.schemaname = 'public' AND b.schemaname = %s AND tablename <> 'django_migrations' ORDER BY 1",
            [schema],
        ).fetchall()
    return [str(row[0]) for row in rows]


def latest_release() -> TemplateRelease | None:
    with in_public():
        return TemplateRelease.objects.order_by("-id").first()
