"""Migrating and checking all schemas: the ledger, canaries, failures, workers that die, and what a check must see."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection

from core.kernel.env import environment
from core.people.models import Person
from core.project.cli import main
from core.project.cli.fleet import WORKER
from tenants.office.catalogue import STRUCTURE, STRUCTURE_OF
from tenants.office.fleet import _worker_environment, fleet_migrate, fleet_status, ledger_fill, release_now, worker_run
from tenants.office.inspection import BOTH, COUNTS, RELATIONS_MOST, TABLES_MOST, Finding, counts, fleet_findings
from tenants.office.models import SchemaRelease
from tenants.office.owner import SchemaLocks, owner_connection
from tenants.office.protection import CONTENTS, RIGHTS, SEALS, contents_of
from tenants.registry.context import in_public, in_tenant
from tenants.registry.grants import grant_statements
from tests.support.fleet import ADDITIVE, admin, behind, columns, lag


@pytest.fixture(autouse=True)
def mended(tenants: Any) -> Iterator[None]:
    """Rows are put back after each test; structure is not, so it is brought up again here."""
    yield
    app, name, table, column = ADDITIVE
    for tenant in tenants:
        record = f'FROM "{tenant.schema}".django_migrations WHERE app = %s AND name = %s'
        if not admin(f"SELECT 1 {record}", [app, name]):
            admin(f'ALTER TABLE "{tenant.schema}".{table} DROP COLUMN IF EXISTS {column}')
    admin("DELETE FROM office_schemarelease")
    assert alone() == 3
    assert findings() == []


def findings() -> list[Finding]:
    return fleet_findings(release_now())[1]


def checks(found: list[Finding]) -> set[tuple[str, str]]:
    return {(finding.slug, finding.check) for finding in found}


def alone(**limits: Any) -> int:
    """One worker's work in this process."""
    release = release_now()
    ledger_fill(release, again=False)
    return worker_run(release.pk, max_failures=limits.get("max_failures", 5))


def test_a_fleet_that_is_as_it_should_be_has_no_findings_and_nothing_to_do(tenants: Any) -> None:
    assert findings() == []
    begun = time.perf_counter()
    count = fleet_migrate(command=("no such program",))
    assert (count.schemas, count.done, count.skipped, count.failed, count.waiting) == (3, 0, 3, 0, 0)
    assert time.perf_counter() - begun < 5


def test_schemas_that_lag_are_brought_up_and_others_left_alone(tenants: Any) -> None:
    lag(tenants.alpha.schema)
    lag(tenants.beta.schema)
    assert checks(findings()) == {("alpha", "structure"), ("beta", "structure")}
    assert ADDITIVE[3] not in columns(tenants.alpha.schema)
    count = fleet_migrate(command=WORKER, workers=2)
    assert (count.done, count.skipped, count.failed, count.waiting) == (2, 1, 0, 0)
    assert ADDITIVE[3] in columns(tenants.alpha.schema) & columns(tenants.beta.schema)
    assert findings() == []
    with in_tenant(tenants.alpha):
        assert Person.objects.count() == 0


def test_a_canary_that_fails_stops_everything_and_resume_goes_on(tenants: Any) -> None:
    for tenant in tenants:
        lag(tenant.schema)
    _app, _name, table, column = ADDITIVE
    # Somebody has put a column of that name in by hand: the migration cannot succeed there.
    admin(f'ALTER TABLE "{tenants.alpha.schema}".{table} ADD COLUMN {column} text')
    release = release_now()
    ledger_fill(release, again=False)
    with in_public():
        SchemaRelease.objects.filter(tenant_id=tenants.alpha.uuid, release=release).update(cohort=0)
        SchemaRelease.objects.filter(tenant_id=tenants.beta.uuid, release=release).update(cohort=1)
    assert alone() == 1
    count = fleet_status(release)
    assert (count.failed, count.waiting) == (1, 1)
    assert count.failures[0]["slug"] == "alpha"
    assert column in count.failures[0]["error"]
    assert column not in columns(tenants.beta.schema)
    admin(f'ALTER TABLE "{tenants.alpha.schema}".{table} DROP COLUMN {column}')
    assert fleet_migrate(command=WORKER).failed == 1
    count = fleet_migrate(command=WORKER, resume=True)
    assert (count.failed, count.waiting, count.done) == (0, 0, 2)
    assert findings() == []


def test_it_stops_after_so_many_failures(tenants: Any) -> None:
    _app, _name, table, column = ADDITIVE
    for tenant in tenants:
        lag(tenant.schema)
        admin(f'ALTER TABLE "{tenant.schema}".{table} ADD COLUMN {column} text')
    release = release_now()
    ledger_fill(release, again=False)
    with in_public():
        SchemaRelease.objects.filter(release=release).update(cohort=1)
    assert alone(max_failures=1) == 1
    count = fleet_status(release)
    assert (count.failed, count.waiting) == (1, 1)


def test_one_that_fails_does_not_stop_the_next_and_the_command_says_so(
    tenants: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    for tenant in tenants:
        lag(tenant.schema)
    release = release_now()
    ledger_fill(release, again=False)
    _app, _name, table, column = ADDITIVE
    with in_public():
        rows = SchemaRelease.objects.filter(release=release, tenant_id__in=[one.uuid for one in tenants])
        rows.update(cohort=1)
        first, second = (row.tenant.ref for row in rows.select_related("tenant").order_by("id"))
    admin(f'ALTER TABLE "{first.schema}".{table} ADD COLUMN {column} text')
    capsys.readouterr()
    assert main(["--json", "fleet", "migrate", "--workers", "1"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert ([one["slug"] for one in told["failures"]], told["waiting"]) == ([first.slug], 0)
    assert column in columns(second.schema)
    admin(f'ALTER TABLE "{first.schema}".{table} DROP COLUMN {column}')
    assert main(["--json", "fleet", "migrate", "--resume"]) == 0
    assert findings() == []


# A schema of which the ledger knows nothing is looked at as a whole; one that is a release behind goes the short way.
LATE = {"the long way": lag, "the short way": behind}


@pytest.mark.parametrize("late", list(LATE))
def test_a_worker_killed_in_the_middle_leaves_a_schema_the_next_one_finishes(tenants: Any, late: str) -> None:
    LATE[late](tenants.alpha.schema)
    release = release_now()
    ledger_fill(release, again=False)
    name = str(connection.settings_dict["NAME"])
    with psycopg.connect(environment().admin_database_url, dbname=name) as holding:
        # The worker waits for this table, and dies while it waits.
        holding.execute(f'LOCK TABLE "{tenants.alpha.schema}".{ADDITIVE[2]}'.encode())
        words = [*WORKER, "--release", str(release.pk), "--max-failures", "5"]
        worker = subprocess.Popen(words, env=_worker_environment())
        deadline = time.monotonic() + 60
        while not admin("SELECT 1 FROM office_schemarelease WHERE state = 'running'"):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        locks = SchemaLocks()
        with locks.held(tenants.alpha.schema) as ours:
            assert not ours
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
        holding.rollback()
    assert fleet_status(release).waiting == 1
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with locks.held(tenants.alpha.schema) as ours:
            if ours:
                break
        time.sleep(0.05)
    locks.close()
    assert alone() == 1
    with in_public():
        row = SchemaRelease.objects.get(tenant_id=tenants.alpha.uuid, release=release)
    assert (row.state, row.attempts) == ("done", 2)
    assert ADDITIVE[3] in columns(tenants.alpha.schema)
    assert findings() == []


def test_a_schema_whose_workers_always_die_is_given_up(tenants: Any) -> None:
    lag(tenants.alpha.schema)
    release = release_now()
    ledger_fill(release, again=False)
    with in_public():
        SchemaRelease.objects.filter(tenant_id=tenants.alpha.uuid).update(state="running", attempts=3, cohort=1)
    assert alone() == 0
    assert [row["slug"] for row in fleet_status(release).failures] == ["alpha"]


@pytest.mark.parametrize("late", list(LATE))
def test_a_lock_that_passes_is_waited_for(tenants: Any, late: str) -> None:
    LATE[late](tenants.alpha.schema)
    name = str(connection.settings_dict["NAME"])
    release = release_now()
    ledger_fill(release, again=False)
    words = [*WORKER, "--release", str(release.pk), "--max-failures", "5"]
    with psycopg.connect(environment().admin_database_url, dbname=name) as holding:
        holding.execute(f'LOCK TABLE "{tenants.alpha.schema}".{ADDITIVE[2]} IN ACCESS SHARE MODE'.encode())
        worker = subprocess.Popen(words, env=_worker_environment())
        deadline = time.monotonic() + 60
        # It has asked, been told no after its own time-out, and asks again.
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        seen = gone = False
        while not (seen and gone):
            assert time.monotonic() < deadline
            now = bool(admin(waiting)[0][0])
            seen, gone = seen or now, gone or (seen and not now)
            time.sleep(0.05)
        holding.rollback()
    assert worker.wait(timeout=60) == 0
    assert fleet_status(release).failed == 0
    assert ADDITIVE[3] in columns(tenants.alpha.schema)


WRONG = {
    "seal": "ALTER TABLE {s}.people_person DROP CONSTRAINT people_person_seal",
    "another's seal": "ALTER TABLE {s}.rounds_pot DROP CONSTRAINT rounds_pot_seal;"
    " ALTER TABLE {s}.rounds_pot ADD CONSTRAINT rounds_pot_seal CHECK (tenant = '{other}'::uuid)",
    "guard off": "ALTER TABLE {s}.voting_result DISABLE TRIGGER voting_result_seal",
    "guard hollow": "CREATE OR REPLACE FUNCTION {s}.commonty_seal_guard() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RETURN NEW; END $$",
    "structure": "ALTER TABLE {s}.rounds_round ADD COLUMN extra text",
    "index gone": "DROP INDEX {s}.people_grant_person_role",
    "trigger gone": "DROP TRIGGER rounds_round_frozen ON {s}.rounds_round",
    "right too many": "GRANT DELETE ON {s}.audit_auditevent TO {s}_staff",
    "column too many": "GRANT SELECT (box) ON {s}.voting_ballot TO {s}_voter",
    "right for everybody": "GRANT SELECT ON {s}.people_person TO PUBLIC",
    "a neighbour let in": "GRANT USAGE ON SCHEMA {s} TO {o}_staff",
    "right missing": "REVOKE INSERT ON {s}.audit_auditevent FROM {s}_voter",
    "function": "GRANT EXECUTE ON FUNCTION {s}.voting_seal(uuid) TO {s}_voter",
    "public": "CREATE TABLE public.people_person (x int)",
    "crossing": "ALTER TABLE {s}.people_rolegrant ADD CONSTRAINT far FOREIGN KEY (person_id)"
    " REFERENCES {o}.people_person (id)",
    "site": "UPDATE {s}.wagtailcore_site SET hostname = 'beta.localhost'",
    "stray": "CREATE SCHEMA t_nobodys",
    "template": "SELECT set_config('commonty.tenant', '{other}', false);"
    " INSERT INTO commonty_template.audit_inboxeffect (key) VALUES ('x')",
}
UNDO = {
    "public": "DROP TABLE public.people_person",
    "stray": "DROP SCHEMA t_nobodys",
    "template": "DELETE FROM commonty_template.audit_inboxeffect",
}


@pytest.mark.parametrize("wrong", list(WRONG))
def test_a_check_sees_what_is_wrong_and_a_migration_mends_what_it_may(tenants: Any, wrong: str) -> None:
    alpha, beta = tenants
    kept = admin_dump(alpha.schema)
    statement = WRONG[wrong].format(s=alpha.schema, o=beta.schema, other=beta.uuid)
    admin(statement)
    try:
        found = findings()
        assert found, wrong
        assert not any(finding.slug == "beta" and finding.check not in ("tables",) for finding in found)
    finally:
        if wrong in UNDO:
            admin(UNDO[wrong])
        else:
            put_back(wrong, alpha.schema, kept)
    assert findings() == []


def admin_dump(schema: str) -> Any:
    return admin(f'SELECT hostname FROM "{schema}".wagtailcore_site')[0][0]


def put_back(wrong: str, schema: str, host: str) -> None:
    """Seal and rights by the product's own hand; what it leaves to people, by theirs."""
    by_hand = {
        "structure": "ALTER TABLE {s}.rounds_round DROP COLUMN extra",
        "index gone": "CREATE INDEX people_grant_person_role ON {s}.people_rolegrant (person_id, role)",
        "trigger gone": "CREATE TRIGGER rounds_round_frozen BEFORE UPDATE ON {s}.rounds_round"
        " FOR EACH ROW EXECUTE FUNCTION {s}.rounds_round_guard()",
        "crossing": "ALTER TABLE {s}.people_rolegrant DROP CONSTRAINT far",
        "site": f"UPDATE {{s}}.wagtailcore_site SET hostname = '{host}'",
        "a neighbour let in": "REVOKE USAGE ON SCHEMA {s} FROM {o}_staff",
    }
    if wrong in by_hand:
        other = admin("SELECT schema_name FROM registry_tenant WHERE slug = 'beta'")[0][0]
        admin(by_hand[wrong].format(s=schema, o=other))
        return
    admin("DELETE FROM office_schemarelease")
    assert alone() == 3


def test_a_question_about_one_schema_does_not_read_those_of_all_others(tenants: Any) -> None:
    # Read whole, the large ones of the catalogue; in a database as small as this one a small one is read whole anyway.
    grow = r"Seq Scan on (pg_(?:class|depend|attribute|attrdef|index|constraint|type|proc))"
    # By what no index knows, so that the planner has no choice: by namespace it may skip through an index of names.
    slow = "SELECT 1 FROM pg_class WHERE relkind = 'r' AND %(schema)s <> ''"
    with owner_connection() as owner:

        def scans(words: str) -> list[str]:
            values = {"schema": tenants.alpha.schema, "tables": ["people_person"]}
            rows = owner.execute(f"EXPLAIN {words}".encode(), values).fetchall()
            return re.findall(grow, "\n".join(str(row[0]) for row in rows))

        assert scans(slow) == ["pg_class"]
        for words in (STRUCTURE, STRUCTURE_OF, SEALS, RIGHTS, CONTENTS, COUNTS, BOTH):
            assert scans(words) == [], words
        # Said for a whole schema, a right makes PostgreSQL look for its tables among those of every tenant.
        rights = grant_statements(tenants.alpha.schema, contents_of(owner, tenants.alpha.schema))
        assert not [one for one in rights if " ON ALL " in one]


def test_a_schema_keeps_within_its_budget_and_a_fat_one_is_reported(tenants: Any) -> None:
    with owner_connection() as owner:
        tables, relations = counts(owner, tenants.alpha.schema)
    assert tables <= TABLES_MOST, f"{tables} tables"
    assert relations <= RELATIONS_MOST, f"{relations} relations"
    print(f"\na tenant schema holds {tables} tables and {relations} relations")  # noqa: T201


def test_rights_are_given_again_without_opening_the_box_of_an_open_round(tenants: Any) -> None:
    schema = tenants.alpha.schema
    part = f'"{schema}".voting_ballot_0001'
    admin(f'CREATE TABLE {part} (LIKE "{schema}".voting_ballot INCLUDING ALL)')
    admin(f"ALTER TABLE {part} OWNER TO commonty_migrate")
    admin(
        f'ALTER TABLE "{schema}".voting_ballot ATTACH PARTITION {part}'
        " FOR VALUES IN ('00000000-0000-0000-0000-000000000001')"
    )
    admin(f"GRANT SELECT ON {part} TO commonty_backup")
    assert findings() == []
    admin("DELETE FROM office_schemarelease")
    admin(f'GRANT SELECT ON {part} TO "{schema}_staff"')
    assert checks(findings()) == {("alpha", "rights")}
    assert alone() == 3
    assert findings() == []
    readers = (
        f"SELECT count(*) FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = '{part}'::regclass AND a.grantee ="
    )
    assert admin(f"{readers} '{schema}_staff'::regrole") == [(0,)]
