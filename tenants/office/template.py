"""The template schema and the registry: migrated here, by the owner, and nowhere else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence

import psycopg
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from psycopg import sql

from core.kernel.errors import CommontyError
from tenants.office.catalogue import lines_digest, structure_lines
from tenants.office.clone import structure
from tenants.office.models import TemplateRelease
from tenants.office.owner import django_as_owner, owner_connection
from tenants.office.said import RecordingMigrate, Said
from tenants.registry.context import as_owner, in_public
from tenants.registry.grants import Contents, grant_statements
from tenants.registry.place import BACKUP_ROLE, PUBLIC, REGISTRY_ROLE, REPORT_ROLE, TEMPLATE
from tenants.registry.seal import GUARD, sealed_tables


class TablesOverlap(CommontyError):
    """A table name stands in `public` and in a tenant schema: a wrong path would read the wrong one."""

    exit_code = 1


def login_of(url_connection: psycopg.Connection[tuple[object, ...]]) -> str:
    row = url_connection.execute("SELECT session_user").fetchone()
    return str(row[0]) if row else ""


# What may be told of the service as a whole: no person stands in the registry, and no figure nobody has signed.
REPORTS = {
    "report_tenant": "SELECT slug, kind, name, code, state, created_at FROM registry_tenant",
    "report_figure": "SELECT t.slug, f.kind, f.key, f.body, f.stated_at FROM office_signedfact f"
    " JOIN registry_tenant t ON t.id = f.tenant_id WHERE t.state IN ('active', 'leaving')",
    "report_fleet": "SELECT t.slug, r.mark, s.state, s.attempts, s.seconds, s.finished_at FROM office_schemarelease s"
    " JOIN registry_tenant t ON t.id = s.tenant_id JOIN office_templaterelease r ON r.id = s.release_id",
}


def national_roles_ensure() -> None:
    """The roles of the registry, of reports and of backups. The web login may become the first alone."""
    app = str(connection.settings_dict["USER"])
    with owner_connection() as owner:
        for name in (REGISTRY_ROLE, REPORT_ROLE, BACKUP_ROLE):
            if not owner.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone():
                owner.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(name)))
        if app and app != login_of(owner):
            owner.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(REGISTRY_ROLE), sql.Identifier(app)))


def registry_grants() -> None:
    """The registry role may read and write its tables, and create none; the report role reads its views alone."""
    with owner_connection() as owner:
        registry, report, backup = (sql.Identifier(name) for name in (REGISTRY_ROLE, REPORT_ROLE, BACKUP_ROLE))
        owner.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        owner.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}, {}, {}").format(registry, report, backup))
        owner.execute(
            sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}").format(registry)
        )
        owner.execute(sql.SQL("REVOKE ALL ON public.django_migrations FROM {}").format(registry))
        owner.execute(sql.SQL("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {}").format(registry))
        owner.execute(sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {}").format(backup))
        owner.execute(sql.SQL("GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO {}").format(backup))
        owner.execute("SET search_path TO public")
        for name, words in REPORTS.items():
            view = sql.Identifier(name)
            owner.execute(sql.SQL("CREATE OR REPLACE VIEW {} AS ").format(view) + sql.SQL(words))
            owner.execute(sql.SQL("REVOKE ALL ON {} FROM {}").format(view, registry))
            owner.execute(sql.SQL("GRANT SELECT ON {} TO {}").format(view, report))


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
            # Django's own command: the one of django-tenants walks the tenants, which the office does itself.
            command = RecordingMigrate()
            with as_owner(schema), command.listening():
                call_command(command, interactive=False, verbosity=0, skip_checks=True)
    registry_grants()
    return release_record(command.said)


def release_record(said: Said) -> TemplateRelease:
    """Record the template as it stands as the release that tenants are cloned from and brought to.

    Raises TablesOverlap when a table name stands both in it and in `public`.
    """
    with django_as_owner(), as_owner(TEMPLATE):
        applied = list(MigrationRecorder(connection).migration_qs.order_by("id").values_list("app", "name"))
    overlap = tables_in_both(TEMPLATE)
    if overlap:
        raise TablesOverlap(
            "These tables stand both in `public` and in the tenant schemas: " + ", ".join(overlap) + ".",
            code="tables.overlap",
            remedy="An app belongs either to SHARED_APPS or to TENANT_APPS.",
        )
    with owner_connection() as owner:
        lines = structure_lines(owner, TEMPLATE)
    text = structure(TEMPLATE, str(connection.settings_dict["NAME"]))
    # In the order in which they were applied: a schema that lacks some is told them in this order.
    migrations = [list(pair) for pair in applied]
    with in_public():
        before = TemplateRelease.objects.order_by("recorded_at", "id").values_list("said", flat=True)
        said = {key: words for one in (*before, said) for key, words in one.items()}
        release, _ = TemplateRelease.objects.update_or_create(
            mark=release_mark(lines, migrations),
            defaults={
                "fingerprint": lines_digest(lines),
                "lines": lines,
                "structure": text,
                "migrations": migrations,
                "said": said,
            },
        )
    return release


def release_mark(lines: Sequence[str], migrations: Sequence[Sequence[str]]) -> str:
    """A digest of everything a schema must have to be of this release; of an earlier one, as far as rights and seal
    are still declared as they were then."""
    tables = sorted({line.split(" ")[1] for line in lines if line.startswith("table ")})
    whole = [
        list(lines),
        sorted(map(list, migrations)),
        grant_statements("@", Contents(tables)),
        sealed_tables(),
        GUARD,
    ]
    return hashlib.sha256(json.dumps(whole).encode()).hexdigest()


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
        return TemplateRelease.objects.order_by("-recorded_at", "-id").first()
