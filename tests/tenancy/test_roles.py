"""Database roles: what each may do and may not, with the refused and the allowed side by side."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import psycopg
import pytest
from django.db import ProgrammingError, connection, transaction

from core.kernel.env import environment
from core.project.start import login_check
from tenants.registry.context import Role, in_public, in_tenant
from tenants.registry.grants import parsed
from tenants.registry.place import TIMEOUTS, database_role
from tests.support.fleet import admin

WRITTEN_ONCE = (
    "voting_ballot",
    "voting_receiptrecord",
    "voting_sealedballot",
    "voting_sealedreceipt",
    "voting_ballotlog",
    "voting_openedballot",
    "voting_result",
    "audit_auditevent",
)
# What only officers and the service itself have to do with.
OFFICERS = (
    "audit_signingkey",
    "notices_notice",
    "voting_opening",
    "voting_tallyrun",
    "wagtailcore_revision",
    "wagtailcore_pagelogentry",
    "wagtailcore_comment",
    "wagtailusers_userprofile",
)


def may(role: str, schema: str, table: str, verb: str) -> bool:
    found = admin("SELECT has_table_privilege(%s, %s, %s)", [role, f'"{schema}".{table}', verb])
    return bool(found[0][0])


@pytest.mark.parametrize("role", list(Role))
def test_ballots_receipts_and_the_record_are_put_in_and_never_changed(tenants: Any, role: Role) -> None:
    schema = tenants.alpha.schema
    name = database_role(schema, role)
    for table in WRITTEN_ONCE:
        for verb in ("UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"):
            assert not may(name, schema, table, verb), (table, verb)
    assert may(name, schema, "voting_ballot", "INSERT") is (role is not Role.STAFF)
    assert may(name, schema, "audit_auditevent", "INSERT")
    owners = admin(
        "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s"
        " AND pg_has_role(%s, c.relowner, 'USAGE')",
        [schema, name],
    )
    assert owners == [(0,)]


@pytest.mark.parametrize("role", list(Role))
def test_no_role_creates_or_drops_anything(tenants: Any, role: Role) -> None:
    whole = f'DROP SCHEMA "{tenants.alpha.schema}" CASCADE'
    for statement in (
        "CREATE TABLE more (x int)",
        "DROP TABLE rounds_round",
        "DROP FUNCTION voting_seal(uuid)",
        "CREATE SCHEMA more",
        whole,
    ):
        entered = in_tenant(tenants.alpha, role=role)
        with entered, pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_the_voters_role_reads_nothing_of_the_officers(tenants: Any) -> None:
    schema = tenants.alpha.schema
    for table in OFFICERS:
        name = f'"{schema}".{table}'
        whole = "SELECT has_table_privilege(%s, %s, 'SELECT')"
        assert admin(whole, [database_role(schema, Role.VOTER), name]) == [(False,)], table
    assert may(database_role(schema, Role.VOTER), schema, "rounds_round", "SELECT")
    assert may(database_role(schema, Role.STAFF), schema, "wagtailcore_revision", "SELECT")


@pytest.mark.parametrize("role", list(Role))
def test_time_limits_come_with_the_role_and_go_with_it(tenants: Any, role: Role) -> None:
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    ask = "SELECT " + ", ".join(f"(SELECT setting::int FROM pg_settings WHERE name = '{name}')" for name in names)
    with in_tenant(tenants.alpha, role=role), connection.cursor() as cursor:
        cursor.execute(ask)
        assert cursor.fetchone() == TIMEOUTS[role]
    with in_public(), connection.cursor() as cursor:
        cursor.execute(ask)
        assert cursor.fetchone() == TIMEOUTS["registry"]


def as_role(role: str, statement: str) -> list[tuple[Any, ...]]:
    name = str(connection.settings_dict["NAME"])
    with psycopg.connect(environment().admin_database_url, dbname=name) as opened:
        opened.execute(f'SET ROLE "{role}"'.encode())
        return opened.execute(statement.encode()).fetchall()


def test_the_report_role_reads_its_views_and_no_tenant(tenants: Any) -> None:
    assert ("alpha",) in as_role("commonty_report", "SELECT slug FROM public.report_tenant")
    assert as_role("commonty_report", "SELECT state FROM public.report_fleet")
    for statement in (
        "SELECT * FROM public.registry_tenant",
        f'SELECT * FROM "{tenants.alpha.schema}".people_person',
        f'SELECT * FROM "{tenants.alpha.schema}".rounds_round',
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            as_role("commonty_report", statement)


def test_the_backup_role_reads_everything_and_writes_nothing(tenants: Any) -> None:
    table = f'"{tenants.alpha.schema}".people_person'
    assert as_role("commonty_backup", f"SELECT count(*) FROM {table}") == [(0,)]
    for statement in (f"DELETE FROM {table} RETURNING 1", f"UPDATE {table} SET language = 'gd' RETURNING 1"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            as_role("commonty_backup", statement)


def test_the_registry_role_reads_no_tenant(tenants: Any) -> None:
    with in_public(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM registry_tenant")
        assert cursor.fetchone() == (3,)
        with pytest.raises(ProgrammingError, match="permission denied"):
            cursor.execute(f'SELECT * FROM "{tenants.alpha.schema}".people_person')


def test_the_services_login_may_become_no_reader_of_everything_and_no_owner(tenants: Any) -> None:
    name = str(connection.settings_dict["NAME"])
    with psycopg.connect(environment().database_url, dbname=name, autocommit=True) as opened:
        for role in ("commonty_backup", "commonty_report", "commonty_migrate", "postgres"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                opened.execute(f"SET ROLE {role}".encode())
        # Before it becomes somebody it can do nothing at all.
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            opened.execute("SELECT * FROM public.registry_tenant")
        opened.execute(f'SET ROLE "{tenants.alpha.schema}_voter"'.encode())


def test_production_does_not_start_as_superuser() -> None:
    settings = environment()
    command = [sys.executable, "-m", "core.project.cli", "serve", "--port", "1"]
    base = {
        **os.environ,
        "COMMONTY_ENV": "production",
        "COMMONTY_REDIS_URL": settings.redis_url,
        "COMMONTY_SECRET_KEY": "a secret of more than thirty-two characters",
        "COMMONTY_OIDC_CLIENT_SECRET": "another secret",
        "COMMONTY_OIDC_ISSUER": "https://id.example",
        "DJANGO_SETTINGS_MODULE": "core.project.settings.production",
    }
    refused = subprocess.run(
        command, env={**base, "COMMONTY_DATABASE_URL": settings.admin_database_url}, capture_output=True, text=True
    )
    assert refused.returncode == 3, refused.stderr
    assert "superuser" in refused.stderr
    assert "Traceback" not in refused.stderr
    login_check(settings.database_url)


@pytest.mark.parametrize("words", ["DROP", "SELECT; DELETE", "ALL", "INSERT (a"])
def test_privileges_that_are_none_are_refused(words: str) -> None:
    with pytest.raises(ValueError, match="privileges"):
        parsed(words)
    assert parsed("SELECT (a, b), INSERT") == {("SELECT", "a"), ("SELECT", "b"), ("INSERT", "")}
