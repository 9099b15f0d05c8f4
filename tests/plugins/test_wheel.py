"""The life of an outside plugin: a wheel of the template in a fresh environment, from installed to purged."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection

from core.kernel.env import environment

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "plugins" / "template"
NAME = "ballot-favourite"

ROUND = """
import sys
from core.project.cli import setup_django
setup_django()
from tenants.registry.context import Role, in_tenant
from tenants.registry.selectors import tenant_by_slug
from core.rounds.models import Round
from core.rounds.services import round_advance
from core.voting.models import FrozenOffer
from core.voting.tally import tally_run
from tests.support.votes import ballots_in, closed, voting_open
alpha = tenant_by_slug("alpha")
what = sys.argv[1]
if what == "vote":
    with in_tenant(alpha):
        row = voting_open(format="favourite", format_settings={})
    with in_tenant(alpha, role=Role.VOTER):
        ballots_in(row.id, [("P-01",), ("P-02",), ("P-01",)])
    with in_tenant(alpha):
        closed(row)
        print(FrozenOffer.objects.get(pk=row.pk).body["ballot_format"]["version"])
if what == "count":
    with in_tenant(alpha, role=Role.WORKER):
        run = tally_run(round_id=Round.objects.get(slug="leith").id)
        print(run.state, run.error, (run.document or {}).get("counted_with", {}).get("ballot_format", ""))
if what == "over":
    with in_tenant(alpha):
        row = Round.objects.get(slug="leith")
        for verb in ("publish_result", "start_delivery", "start_evaluation", "close_round"):
            round_advance(round=row, verb=verb, actor=None)
"""
SECOND = """
    settings_version = 2

    @classmethod
    def upgrade(cls, data, from_version):
        kept = dict(data)
        kept["with_costs"] = kept.pop("costs_shown", True)
        return kept
"""


def wheel(folder: Path, *, second: bool = False) -> Path:
    """The template as a wheel; the second version has other settings. Nothing is fetched."""
    source = folder / "source"
    shutil.copytree(TEMPLATE, source)
    if second:
        package = source / "src" / "commonty_favourite"
        for name in ("settings.py", "format.py"):
            text = (package / name).read_text("utf-8").replace("costs_shown: bool", "with_costs: bool")
            text = text.replace("settings.costs_shown", "settings.with_costs")
            text = text.replace('    fields = "commonty_favourite', f'{SECOND}\n    fields = "commonty_favourite')
            (package / name).write_text(text, "utf-8")
        for path in (package / "plugin.py", source / "pyproject.toml"):
            path.write_text(path.read_text("utf-8").replace("1.0.0", "1.1.0"), "utf-8")
    said = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--no-build-isolation", "--no-deps", "--no-index", "-w", folder, source],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    return next(folder.glob("*.whl"))


class Machine:
    """A virtual environment of its own that sees the packages of this one, on the run's database."""

    def __init__(self, folder: Path) -> None:
        self.python = folder / "bin" / "python"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        self.site = next((folder / "lib").glob("python*")) / "site-packages"
        theirs = sysconfig.get_paths()["purelib"]
        (self.site / "theirs.pth").write_text(f"import site; site.addsitedir({theirs!r})\n")
        now = environment()
        name = str(connection.settings_dict["NAME"])
        self.env = {
            **os.environ,
            "COMMONTY_PLUGINS_ALLOWED": f"bundled,{NAME}",
            "COMMONTY_DATABASE_URL": _with(now.database_url, name),
            "COMMONTY_MIGRATE_DATABASE_URL": _with(now.migrate_database_url, name),
        }

    def install(self, file: Path) -> None:
        command = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--upgrade", "-q"]
        subprocess.run([*command, "--target", self.site, file], check=True)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.python, *words], cwd=ROOT, env=self.env, capture_output=True, text=True, check=False, timeout=200
        )

    def commonty(self, *words: str, code: int = 0) -> dict[str, Any]:
        said = self.run("-m", "core.project.cli", "--json", "--yes", "plugins", *words)
        assert said.returncode == code, said.stdout + said.stderr
        return dict(json.loads(said.stdout)) if said.stdout.strip() else {"said": said.stderr}

    def round(self, what: str) -> str:
        said = self.run("-c", ROUND, what)
        assert said.returncode == 0, said.stderr
        return said.stdout.strip()

    def row(self) -> dict[str, Any]:
        rows = self.commonty("list", "--tenant", "alpha")["plugins"]
        return next((dict(row) for row in rows if row["name"] == NAME), {})


def _with(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


@pytest.mark.timeout(600)
def test_an_outside_plugin_from_installed_to_purged(tenants: Any, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    machine = Machine(tmp_path / "venv")
    assert machine.row() == {}
    machine.install(wheel(tmp_path / "one"))
    row = machine.row()
    assert (row["version"], row["allowed"], row["active"], row["problem"]) == ("1.0.0", True, False, "")
    machine.commonty("check")
    machine.commonty("activate", NAME, "--tenant", "alpha")
    assert machine.row()["active"]
    calls = machine.commonty("trace", NAME, "--tenant", "alpha")["calls"]
    assert {one["method"] for one in calls} >= {"form", "parse", "paper"}
    assert not [one for one in calls if one["answer"].startswith("failed")]

    assert machine.round("vote") == "1.0.0"
    machine.install(wheel(tmp_path / "two", second=True))
    machine.commonty("check")
    assert machine.round("count").split()[:2] == ["failed", "plugin.upgrade_undecided"]
    machine.commonty("upgrade", NAME, "--tenant", "alpha", "--reason", "Read and tried on a copy")
    assert machine.round("count").split() == ["done", "1.1.0"]

    machine.commonty("deactivate", NAME, "--tenant", "alpha", code=3)
    machine.commonty("purge", NAME, code=3)
    machine.round("over")
    machine.commonty("deactivate", NAME, "--tenant", "alpha")
    assert machine.commonty("purge", NAME) == {"plugin": NAME, "tables": 0, "rows": 0}
    assert not machine.row()["active"]
