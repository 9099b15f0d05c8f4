"""No migration of ours holds a lock that makes voters wait: its SQL is read by squawk, as PostgreSQL would be given it.

What a migration makes in the same breath may be locked as it likes; what stood before may not. Where something must be
done that squawk warns of, it is done in steps: add, fill, switch, and take away in a later release.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from tenants.office.owner import django_as_owner
from tenants.registry.context import as_owner
from tenants.registry.place import PUBLIC, TEMPLATE
from tests.support.bootstrap import ROOT

OURS = ("core.", "tenants.", "cms.", "plugins.")
# Matters of taste or of width, not of locks; and the time-outs, which the connection of every migration has already.
TASTE = (
    "ban-char-field",
    "prefer-bigint-over-int",
    "prefer-bigint-over-smallint",
    "prefer-identity",
    "prefer-robust-stmts",
    "prefer-text-field",
    "prefer-timestamp-tz",
    "require-timeout-settings",
)


def squawk() -> str:
    """The linter beside this Python, or on the PATH."""
    beside = Path(sys.executable).with_name("squawk")
    found = str(beside) if beside.is_file() else shutil.which("squawk")
    if found is None:
        pytest.skip("squawk is not installed")
    return found


def warnings(folder: Path) -> set[tuple[str, str]]:
    """File and rule of everything squawk warns of in a folder."""
    files = sorted(str(path) for path in folder.glob("*.sql"))
    assert files
    words = [squawk(), "--reporter=json", "--pg-version=15", "--assume-in-transaction"]
    words += [f"--exclude={','.join(TASTE)}", *files]
    ran = subprocess.run(words, capture_output=True, text=True, check=False)
    assert ran.returncode in (0, 1), ran.stderr
    return {(Path(one["file"]).name, one["rule_name"]) for one in json.loads(ran.stdout or "[]")}


def written(folder: Path) -> int:
    """The SQL of each of our migrations, a file each, as each kind of schema is given it; returns how many."""
    count = 0
    with django_as_owner():
        for schema in (PUBLIC, TEMPLATE):
            with as_owner(schema):
                loader = MigrationLoader(connection, replace_migrations=False)
                for (app, name), migration in loader.disk_migrations.items():
                    if migration.__module__.startswith(OURS):
                        sql = "\n".join(loader.collect_sql([(migration, False)]))
                        (folder / f"{schema}-{app}-{name}.sql").write_text(sql)
                        count += 1
    return count


def test_no_migration_of_ours_makes_voters_wait(tenants: Any, tmp_path: Path) -> None:
    assert written(tmp_path) > 20
    assert warnings(tmp_path) == set()


AREA = migrations.CreateModel("Area", [("id", models.BigAutoField(primary_key=True)), ("name", models.TextField())])
DANGEROUS = {
    "an index that locks out writing": migrations.AddIndex("area", models.Index(fields=["name"], name="area_name")),
    "a column of another type": migrations.AlterField("area", "name", models.IntegerField()),
    "a column taken away": migrations.RemoveField("area", "name"),
    "a renamed column": migrations.RenameField("area", "name", "title"),
    "a table taken away": migrations.DeleteModel("Area"),
    "a constraint that reads every row": migrations.AddConstraint(
        "area", models.CheckConstraint(condition=models.Q(name__gt=""), name="area_named")
    ),
}


@pytest.mark.parametrize("kind", list(DANGEROUS))
def test_a_planted_dangerous_migration_is_caught(tenants: Any, tmp_path: Path, kind: str) -> None:
    before = ProjectState()
    AREA.state_forwards("places", before)
    after = before.clone()
    operation = DANGEROUS[kind]
    operation.state_forwards("places", after)
    with django_as_owner(), as_owner(TEMPLATE), connection.schema_editor(collect_sql=True) as editor:
        operation.database_forwards("places", editor, before, after)
        collected = list(editor.collected_sql)
    (tmp_path / "planted.sql").write_text("\n".join([*collected, *map(str, editor.deferred_sql)]))
    assert warnings(tmp_path), collected
    # The same on a table that is made in the same migration is no danger to anybody.
    harmless = 'CREATE TABLE "places_area" ("id" bigint PRIMARY KEY, "name" text);\nSELECT 1;'
    (tmp_path / "planted.sql").write_text(harmless)
    assert warnings(tmp_path) == set()


def test_the_linter_is_one_of_our_tools() -> None:
    assert "squawk-cli" in (ROOT / "pyproject.toml").read_text()
