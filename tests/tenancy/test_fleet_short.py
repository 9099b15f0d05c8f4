"""The short way of an additive release: one transaction a schema, all or nothing; and when it must not be taken."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.db import migrations, models

from core.project.cli.fleet import _document
from tenants.office import fleet, provisioning
from tenants.office.fleet import _worker_environment, fleet_status, ledger_fill, release_now, worker_run
from tenants.office.inspection import fleet_findings
from tenants.office.models import SchemaRelease, TemplateRelease
from tenants.office.owner import checkpoint
from tenants.office.said import is_plain
from tenants.office.shortcut import shortcut
from tenants.registry.context import in_public
from tests.support.fleet import ADDITIVE, admin, behind, columns

APP, NAME, TABLE, COLUMN = ADDITIVE


@pytest.fixture
def late(tenants: Any) -> Iterator[Any]:
    """Alpha and beta one additive release behind, the hub up to date; whole again afterwards."""
    behind(tenants.alpha.schema, tenants.beta.schema)
    yield tenants
    ledger_fill(release_now(), again=True)
    worker_run(release_now().pk, max_failures=5)
    assert fleet_findings(release_now())[1] == []


def alone(release: TemplateRelease) -> int:
    ledger_fill(release, again=True)
    return worker_run(release.pk, max_failures=5)


def earlier(release: TemplateRelease) -> TemplateRelease:
    with in_public():
        return TemplateRelease.objects.exclude(pk=release.pk).get()


def test_a_release_that_adds_a_column_needs_no_executor(late: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_args: Any, **_more: Any) -> None:
        raise AssertionError("the long way was taken")

    monkeypatch.setattr(fleet, "schema_bring", refused)
    release = release_now()
    assert COLUMN not in columns(late.alpha.schema) | columns(late.beta.schema)
    assert alone(release) == 2
    assert COLUMN in columns(late.alpha.schema) & columns(late.beta.schema)
    for tenant in late:
        record = f'SELECT count(*) FROM "{tenant.schema}".django_migrations WHERE app = %s AND name = %s'
        assert admin(record, [APP, NAME]) == [(1,)]
    count = fleet_status(release)
    assert (count.done, count.failed, count.waiting) == (3, 0, 0)
    assert fleet_findings(release)[1] == []


def test_a_schema_that_would_differ_is_left_as_it_was(late: Any) -> None:
    admin(f'ALTER TABLE "{late.alpha.schema}".{TABLE} ADD COLUMN extra text')
    release = release_now()
    assert alone(release) >= 1
    with in_public():
        row = SchemaRelease.objects.get(tenant_id=late.alpha.uuid, release=release)
    assert (row.state, "extra" in row.error) == ("failed", True)
    # Nothing of the release stands there, its record neither, and the neighbour is not held up for ever.
    assert COLUMN not in columns(late.alpha.schema)
    gone = f'SELECT count(*) FROM "{late.alpha.schema}".django_migrations WHERE app = %s AND name = %s'
    assert admin(gone, [APP, NAME]) == [(0,)]
    admin(f'ALTER TABLE "{late.alpha.schema}".{TABLE} DROP COLUMN extra')
    alone(release)
    assert COLUMN in columns(late.alpha.schema) & columns(late.beta.schema)


def test_a_schema_that_is_not_where_the_ledger_says_goes_the_long_way(late: Any) -> None:
    # Somebody has brought it up by hand: the short way would add the column a second time.
    release = release_now()
    said = "; ".join(release.said[f"{APP}.{NAME}"])
    admin(f'SET search_path TO "{late.alpha.schema}"; {said}')
    record = f'"{late.alpha.schema}".django_migrations (app, name, applied)'
    admin(f"INSERT INTO {record} VALUES (%s, %s, now())", [APP, NAME])
    assert alone(release) == 2
    assert fleet_status(release).failed == 0


def test_a_release_of_other_rights_or_of_python_goes_the_long_way(late: Any) -> None:
    after = release_now()
    before = earlier(after)
    way = shortcut(before, after)
    assert way is not None
    assert (way.migrations, way.tables) == (((APP, NAME),), (TABLE,))
    # What was declared of rights and seal has changed since; a migration's words were not kept; one is taken back.
    assert shortcut(TemplateRelease(mark="x", lines=before.lines, migrations=before.migrations), after) is None
    silent = TemplateRelease(mark=after.mark, lines=after.lines, migrations=after.migrations, said={})
    assert shortcut(before, silent) is None
    assert shortcut(after, before) is None
    # A new table wants a seal, rights and content types.
    more = TemplateRelease(lines=[*after.lines, "table new_one r p f f"], migrations=after.migrations, said=after.said)
    assert shortcut(before, more) is None
    # A column that goes takes its rights along.
    dropped = {**after.said, f"{APP}.{NAME}": ["ALTER TABLE a DROP COLUMN b"]}
    assert shortcut(before, TemplateRelease(lines=after.lines, migrations=after.migrations, said=dropped)) is None


def migration(*operations: Any, **more: Any) -> migrations.Migration:
    kind = type("Migration", (migrations.Migration,), {"operations": list(operations), **more})
    found: migrations.Migration = kind("0001", "app")
    return found


class Clever(migrations.RunSQL):
    """Derived from a plain one, it may do anything."""


def test_only_what_says_the_same_everywhere_is_plain() -> None:
    def column(**words: Any) -> migrations.AddField:
        return migrations.AddField("thing", "field", models.TextField(**words))

    assert is_plain(migration(column(default="x"), column(default=str), migrations.RunSQL("SELECT 1")))
    assert not is_plain(migration(migrations.RunPython(migrations.RunPython.noop)))
    # A value that is made anew each time may be a secret, and must not be the same for all.
    assert not is_plain(migration(migrations.AddField("thing", "key", models.UUIDField(default=uuid4))))
    assert not is_plain(migration(Clever("SELECT 1")))
    assert not is_plain(migration(column(), atomic=False))
    inside = migrations.SeparateDatabaseAndState([migrations.RunPython(migrations.RunPython.noop)], [])
    assert not is_plain(migration(inside))
    assert not is_plain(migration(migrations.CreateModel("thing", [])))


IDLE = "import json, sys; from tenants.office.idle import nothing_to_do as ask; r = ask()"
ASK = f"{IDLE}; print(json.dumps([r, 'django' in sys.modules]))"


def asked() -> tuple[Any, bool]:
    words = [sys.executable, "-c", ASK]
    ran = subprocess.run(words, env=_worker_environment(), capture_output=True, text=True, check=True)
    found = json.loads(ran.stdout)
    return found[0], found[1]


def test_that_there_is_nothing_to_do_is_found_without_django_and_never_said_wrongly(late: Any) -> None:
    assert asked() == (None, False)
    release = release_now()
    alone(release)
    answer, django = asked()
    count = fleet.fleet_migrate(command=("no such program",))
    expected = _document(count)
    assert {**answer, "seconds": 0} == {**expected, "seconds": 0}
    assert not django
    for wrong in ("failed", "pending"):
        admin("UPDATE office_schemarelease SET state = %s WHERE tenant_id = %s", [wrong, late.beta.uuid])
        assert asked() == (None, False)
    admin("UPDATE office_schemarelease SET state = 'done'")


def moment() -> Any:
    return admin("SELECT redo_lsn FROM pg_control_checkpoint()")[0][0]


def test_the_server_writes_down_what_many_new_tenants_are(tenants: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    admin("CREATE TABLE public.scribble AS SELECT 1")
    before = moment()
    admin("DROP TABLE public.scribble")
    assert checkpoint()
    after = moment()
    assert after != before
    provisioning.provision(tenants.alpha)
    assert moment() == after
    admin("CREATE TABLE public.scribble AS SELECT 1")
    admin("DROP TABLE public.scribble")
    monkeypatch.setattr(provisioning, "TENANTS_PER_CHECKPOINT", 0)
    provisioning.provision(tenants.alpha)
    assert moment() != after
