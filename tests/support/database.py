"""One database for a test run, cloned from a prepared one; every test commits for real and is cleaned up after.

The prepared database holds tenants `alpha` and `beta`, made the same way at the same time, so that their rows have
identical keys; a second run with the same code starts from it in a second.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from django.apps import apps
from django.db import connection
from psycopg import sql

from core.kernel.env import environment
from plugins.api.text import LocalisedText
from tenants.registry.context import TenantRef
from tenants.registry.selectors import tenant_by_slug

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "commonty_tests_"


def _code_mark() -> str:
    """A digest of everything the prepared database is made from."""
    digest = hashlib.sha256()
    for pattern in (
        "*/migrations/*.py",
        "*/*/migrations/*.py",
        "*/*/*/migrations/*.py",
        "*/*/*/apps.py",
        "tenants/**/*.py",
        "*/apps.py",
        "*/*/apps.py",
        "core/project/bindings.py",
        "core/*/provisioning.py",
        "cms/**/*.py",
        "cms/seeds/*.toml",
        "tests/support/database.py",
    ):
        for path in sorted(ROOT.glob(pattern)):
            if ".venv" not in path.parts:
                digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _admin(database: str = "postgres") -> psycopg.Connection[Any]:
    """A superuser's connection: only for making, dropping and resetting test databases."""
    return psycopg.connect(environment().admin_database_url, dbname=database, autocommit=True)


def _use(database: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = database


def _exists(admin: psycopg.Connection[Any], name: str) -> bool:
    return admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def _owner() -> str:
    return str(psycopg.conninfo.conninfo_to_dict(environment().migrate_database_url)["user"])


def _prepare(admin: psycopg.Connection[Any], name: str) -> None:
    from tenants.office.services import tenant_create
    from tenants.office.template import migrate

    working = f"{name}_{os.getpid()}"
    admin.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(working), sql.Identifier(_owner())))
    _use(working)
    migrate()
    for slug in ("alpha", "beta"):
        tenant_create(slug=slug, kind="council", name=LocalisedText(f"{slug.title()} Council", f"Comhairle {slug}"))
    tenant_create(
        slug="hub", kind="hub", name=LocalisedText("Community Choices Scotland", "Roghainnean Coimhearsnachd")
    )
    connection.close()
    with _admin(working) as inside:
        inside.execute(RESET)
        inside.execute("SELECT baseline.keep()")
    if _exists(admin, name):
        admin.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(working)))
        return
    admin.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(working), sql.Identifier(name)))


@contextmanager
def test_database() -> Iterator[str]:
    """The run's own database; dropped at the end."""
    assert apps.ready
    prepared = PREFIX + _code_mark()
    own = f"{PREFIX}run_{os.getpid()}"
    with _admin() as admin:
        if not _exists(admin, prepared):
            for row in admin.execute(
                "SELECT datname FROM pg_database WHERE datname LIKE %s", [PREFIX + "%"]
            ).fetchall():
                if "_run_" not in row[0]:
                    admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(row[0])))
            _prepare(admin, prepared)
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
                sql.Identifier(own), sql.Identifier(prepared), sql.Identifier(_owner())
            )
        )
        _use(own)
        try:
            yield own
        finally:
            connection.close()
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(own)))


def reset() -> None:
    """Every table of every tenant and of the registry as it was when the database was prepared."""
    connection.close()
    with _admin(str(connection.settings_dict["NAME"])) as admin:
        admin.execute("SELECT baseline.reset()")


def refs() -> tuple[TenantRef, TenantRef]:
    return tenant_by_slug("alpha"), tenant_by_slug("beta")


RESET = r"""
CREATE SCHEMA baseline;
CREATE TABLE baseline.kept (schema_name text, table_name text, filled bool);
CREATE FUNCTION baseline.keep() RETURNS void LANGUAGE plpgsql AS $$
DECLARE t record; has bool;
BEGIN
  FOR t IN SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND (n.nspname LIKE 't\_%' OR n.nspname = 'public')
             AND c.relname <> 'django_migrations'
  LOOP
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I.%I)', t.nspname, t.relname) INTO has;
    INSERT INTO baseline.kept VALUES (t.nspname, t.relname, has);
    IF has THEN
      EXECUTE format('CREATE TABLE baseline.%I AS TABLE %I.%I', t.nspname || '.' || t.relname, t.nspname, t.relname);
    END IF;
  END LOOP;
END $$;
CREATE FUNCTION baseline.reset() RETURNS void LANGUAGE plpgsql AS $$
DECLARE t record; s record; has bool; columns text;
BEGIN
  SET LOCAL session_replication_role = replica;
  FOR t IN SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE c.relkind = 'r' AND c.relispartition AND n.nspname LIKE 't\_%'
  LOOP EXECUTE format('DROP TABLE %I.%I CASCADE', t.nspname, t.relname); END LOOP;
  FOR t IN SELECT n.nspname FROM pg_namespace n WHERE n.nspname LIKE 't\_%'
           AND NOT EXISTS (SELECT 1 FROM baseline.kept k WHERE k.schema_name = n.nspname)
  LOOP EXECUTE format('DROP SCHEMA %I CASCADE', t.nspname); END LOOP;
  FOR t IN SELECT * FROM baseline.kept LOOP
    IF to_regclass(format('%I.%I', t.schema_name, t.table_name)) IS NULL THEN CONTINUE; END IF;
    IF t.filled THEN
      SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO columns FROM pg_attribute
        WHERE attrelid = format('%I.%I', t.schema_name, t.table_name)::regclass AND attnum > 0 AND NOT attisdropped
          AND attgenerated = '';
      EXECUTE format('DELETE FROM %I.%I', t.schema_name, t.table_name);
      EXECUTE format('INSERT INTO %I.%I (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM baseline.%I',
        t.schema_name, t.table_name, columns, columns, t.schema_name || '.' || t.table_name);
    ELSE
      EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I.%I)', t.schema_name, t.table_name) INTO has;
      -- Never TRUNCATE … CASCADE: it would empty a table that is to keep its rows and names one of this one's.
      IF has THEN EXECUTE format('DELETE FROM %I.%I', t.schema_name, t.table_name); END IF;
      FOR s IN SELECT pg_get_serial_sequence(format('%I.%I', t.schema_name, t.table_name), attname) AS name
               FROM pg_attribute WHERE attrelid = format('%I.%I', t.schema_name, t.table_name)::regclass
               AND attnum > 0 AND NOT attisdropped
      LOOP IF has AND s.name IS NOT NULL THEN EXECUTE format('ALTER SEQUENCE %s RESTART', s.name); END IF; END LOOP;
    END IF;
  END LOOP;
END $$;
"""
