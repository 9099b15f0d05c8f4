"""The suite for authors catches what it says it catches: for each of its rules a module that is wrong in that alone."""

from __future__ import annotations

import importlib
import inspect
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from plugins.testkit import (
    ContractBroken,
    ModuleContract,
)
from tests.plugins import toys
from tests.plugins.wrong_modules import WRONG
from tests.plugins.wrong_pieces import (
    FILES,
    GOOD,
    Formats,
    rules_of,
    run,
)


def wrong(contract: Any, change: dict[str, Any]) -> Any:
    base = contract.module
    made = {
        name: value(base)
        if callable(value) and getattr(value, "__code__", None) and value.__code__.co_varnames[:1] == ("base",)
        else value
        for name, value in change.items()
    }
    module = type(base.__name__, (base,), {"__module__": base.__module__, **made})
    # It stops at the first that breaks it, so it may try many: what it looks for can be rare.
    more = {"examples": contract.examples * 10}
    return type(contract.__name__, (contract,), {**more, "module": module, "seconds": 0.1})


@pytest.mark.parametrize(
    ("contract", "rule", "change", "words"),
    [pytest.param(*one, id=f"{one[0].__name__}-{number}-{one[1]}") for number, one in enumerate(WRONG)],
)
def test_each_rule_catches_a_module_that_breaks_it(
    contract: Any, rule: str, change: dict[str, Any], words: str, request: pytest.FixtureRequest
) -> None:
    """The good module passes the very rule that its wrong variant fails, in words, with the way to the guide."""
    fixtures = {}
    if "tenants" in inspect.signature(getattr(contract, rule)).parameters:
        fixtures["tenants"] = request.getfixturevalue("tenants")
    run(contract, rule, **fixtures)
    for kept in (toys.CARRIED, toys.KEPT, toys.BOX, toys.FROZEN):
        kept.clear()
    with pytest.raises(ContractBroken, match=words) as caught:
        run(wrong(contract, change), rule, **fixtures)
    assert "plugins/README.md#" in str(caught.value)


def test_every_rule_has_a_module_that_breaks_it() -> None:
    shown = {(contract, rule) for contract, rule, *_ in WRONG}
    common = {name for name in dir(ModuleContract) if name.startswith("test_")}
    named = {rule for _, rule in shown} | FILES
    missing = [
        f"{contract.__name__}.{rule}"
        for contract in GOOD
        for rule in rules_of(contract)
        if rule != "test_axe_finds_nothing" and (contract, rule) not in shown and not (rule in common and rule in named)
    ]
    assert missing == []


# Rules about a plugin's folder: packages written for the purpose.

SOURCE = """
from plugins.bundled.ballot_approval.format import Approval
class Format(Approval):
    pass
"""


def planted(path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str]) -> Any:
    name = f"toy_{abs(hash(str(path))) % 10**8}"
    folder = path / name
    for inside, words in {"__init__.py": "", "README.md": "# Toy", "format.py": SOURCE, **files}.items():
        if words is not None:
            target = folder / inside.replace("LABEL", name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(words.replace("LABEL", name), "utf-8")
    monkeypatch.syspath_prepend(str(path))
    importlib.invalidate_caches()
    module = importlib.import_module(f"{name}.format")
    return type("Planted", (Formats,), {"module": module.Format})


PO = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "Go on"\nmsgstr "%s"\n'
APPS = 'class Config:\n    label = "LABEL"\n'


@pytest.mark.parametrize(
    ("rule", "files", "words"),
    [
        ("test_files_lie_under_its_label", {"templates/other/fields.html": "<p>x</p>"}, "belongs into"),
        ("test_files_lie_under_its_label", {"templates/LABEL/fields.html": "<p style='x'>x</p>"}, "nothing inline"),
        ("test_translations_are_compiled", {"templates/LABEL/a.html": "{% translate 'Go on' %}"}, "locale/gd"),
        ("test_translations_are_compiled", {"locale/gd/LC_MESSAGES/django.po": PO % "Air adhart"}, "not compiled"),
        (
            "test_translations_are_compiled",
            {"locale/gd/LC_MESSAGES/django.po": PO % "", "locale/gd/LC_MESSAGES/django.mo": "x"},
            "untranslated",
        ),
        ("test_a_readme_tells_officers", {"README.md": None}, "README"),
        ("test_tables_are_its_own", {"models.py": "", "migrations/0001_initial.py": ""}, "no label"),
        ("test_tables_are_its_own", {"models.py": "", "apps.py": APPS}, "no migrations"),
        (
            "test_tables_are_its_own",
            {
                "models.py": "# models.ForeignKey('rounds.Round')\n",
                "apps.py": APPS,
                "migrations/0001_initial.py": "",
            },
            "points at",
        ),
        (
            "test_tables_are_its_own",
            {
                "models.py": "",
                "apps.py": APPS,
                "migrations/0001_initial.py": "CreateModel(\n name='Note',\n            fields=[\n"
                "                ('words', models.TextField()),\n            ],\n",
            },
            "no column `tenant`",
        ),
        ("test_import_has_no_effect", {"format.py": "import os\nos.environ['TOY'] = '1'\n" + SOURCE}, "environment"),
        ("test_import_has_no_effect", {"format.py": "import django.db\n" + SOURCE}, "needs Django"),
        (
            "test_import_has_no_effect",
            {"format.py": "import threading, time\nthreading.Thread(target=time.sleep, args=(1,)).start()\n" + SOURCE},
            "thread",
        ),
        (
            "test_import_has_no_effect",
            {"format.py": "import pathlib\npathlib.Path(__file__).with_name('kept').write_text('x')\n" + SOURCE},
            "writes to",
        ),
    ],
)
def test_rules_about_files(rule: str, files: Any, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOY", raising=False)
    (tmp_path / "good").mkdir()
    (tmp_path / "wrong").mkdir()
    run(planted(tmp_path / "good", monkeypatch, {}), rule)
    broken = planted(tmp_path / "wrong", monkeypatch, files)
    with pytest.raises(ContractBroken, match=words):
        run(broken, rule)


def test_pytest_finds_the_rules_of_a_contract_and_shows_the_words(tmp_path: Path) -> None:
    import subprocess

    (tmp_path / "test_mine.py").write_text(
        "from plugins.testkit import BallotFormatContract\n"
        "from plugins.bundled.ballot_approval.format import Approval\n"
        "class Mine(Approval):\n    settings_version = 2\n"
        "class TestMine(BallotFormatContract):\n    module = Mine\n"
    )
    root = Path(__file__).resolve().parents[2]
    # Installed, the suite is found by its entry point, and naming it once more is an error.
    known = any(point.name == "commonty-plugins" for point in entry_points(group="pytest11"))
    loaded = [] if known else ["-p", "plugins.testkit.pytest_plugin"]
    told = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            *loaded,
            "-p",
            "no:django",
            "-k",
            "upgraded or says",
            "test_mine.py",
        ],
        cwd=tmp_path,
        env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 failed, 1 passed" in told.stdout, told.stdout + told.stderr
    assert "name one in `older`" in told.stdout
    assert "plugins/README.md#versions" in told.stdout
