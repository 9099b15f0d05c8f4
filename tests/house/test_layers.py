"""Every contract of the layers holds, and each can fail: it is broken on purpose in a copy and must be refused."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support.bootstrap import ROOT

PACKAGES = ("core", "tenants", "plugins", "cms")
# Contract to the file that breaks it and the line that does.
BREAKS = {
    "layers": ("core/kernel/ids.py", "import core.people.models"),
    "no-django-below": ("plugins/api/money.py", "import django.db"),
    "bundled-door": ("plugins/bundled/__init__.py", "import core.kernel.ids"),
    "bundled-alone": ("core/places/selectors.py", "import plugins.bundled.ballot_approval.plugin"),
    "tenancy-door": ("core/places/selectors.py", "import django_tenants.utils"),
    "sign-in-door": ("core/places/selectors.py", "import authlib"),
    "names-door": ("core/places/selectors.py", "import dns.resolver"),
    "plugin-door": ("core/places/selectors.py", "import pluggy"),
    "telemetry-door": ("core/places/selectors.py", "import opentelemetry"),
}


def contracts() -> list[str]:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return [contract["id"] for contract in document["tool"]["importlinter"]["contracts"]]


def lint(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "lint-imports"
    return subprocess.run(
        [str(program), "--no-cache", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(folder), "COLUMNS": "200"},
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house")
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, folder / package, ignore=shutil.ignore_patterns("node_modules", "data", "assets")
        )
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_every_contract_has_its_breaker_and_all_hold(copy: Path) -> None:
    assert sorted(BREAKS) == sorted(contracts())
    answer = lint(copy)
    assert answer.returncode == 0, answer.stdout


@pytest.mark.parametrize("contract", sorted(BREAKS))
def test_contract_can_fail(copy: Path, contract: str) -> None:
    name, line = BREAKS[contract]
    path = copy / name
    before = path.read_text()
    path.write_text(before + f"\n{line}\n")
    try:
        answer = lint(copy, "--contract", contract)
    finally:
        path.write_text(before)
    assert answer.returncode == 1, answer.stdout
    assert "BROKEN" in answer.stdout
