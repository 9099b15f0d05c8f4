"""The guide for authors is true: every block of code in it runs, and every section the suite points to is there."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from core.project.cli import plugins as cli
from plugins.testkit import BallotFormatContract, OutcomeRuleContract

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "plugins" / "README.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
RUN: dict[str, Any] = {}


def blocks(kind: str) -> list[str]:
    return [body for language, body in BLOCK.findall(GUIDE.read_text("utf-8")) if language == kind]


@pytest.fixture(scope="module")
def guide() -> Any:
    """Everything the guide's Python defines, run from top to bottom as one module."""
    module = ModuleType("the_guide")
    sys.modules[module.__name__] = module
    for number, body in enumerate(blocks("python"), start=1):
        exec(compile(body, f"block {number} of the guide", "exec"), module.__dict__)  # noqa: S102  # our own guide
    yield module
    del sys.modules[module.__name__]


def test_every_block_is_of_a_kind_that_is_run() -> None:
    kinds = {language for language, _ in BLOCK.findall(GUIDE.read_text("utf-8"))}
    assert kinds == {"python", "toml", "sh"}


def test_every_block_of_python_runs(guide: Any) -> None:
    assert len(blocks("python")) >= 11
    assert guide.PLUGIN.name == "ballot-pair"
    assert guide.register_ballot_formats() == [guide.Pair]
    assert tomllib.loads(blocks("toml")[0])["project"]["entry-points"]["commonty.plugins"] == {
        guide.PLUGIN.name: "ballot_pair.plugin"
    }
    with pytest.raises(guide.PermanentFailure):
        guide.checked({}, b"{}", b"key")
    assert guide.safe("=1+1") == "'=1+1"
    assert guide.turnout(guide.RoundFacts("r")).missing.en


RULES = ["a_ballot_comes_back", "strangers_and_doubles_are_refused", "settings_are_kept_and_come_back", "upgraded"]


@pytest.mark.parametrize("name", ["TestPair", "TestPairTwo"])
def test_the_formats_of_the_guide_keep_the_contract(guide: Any, name: str) -> None:
    contract: BallotFormatContract = getattr(guide, name)()
    contract.examples = 10  # type: ignore[misc]  # this object alone
    for rule in dir(contract):
        if any(word in rule for word in RULES):
            getattr(contract, rule)()


def test_the_rule_of_the_guide_keeps_the_contract(guide: Any) -> None:
    contract = type("TestCheapest", (OutcomeRuleContract,), {"module": guide.Cheapest, "examples": 20})()
    for rule in (
        "never_spends_more_than_there_is",
        "the_steps_are_the_allocation",
        "what_everybody_wants_and_can_be_paid_is_funded",
    ):
        getattr(contract, f"test_{rule}" if not rule.startswith("never") else f"test_it_{rule}")()


def test_the_commands_of_the_guide_are_commands() -> None:
    import argparse

    for line in "\n".join(blocks("sh")).splitlines():
        words = line.split()
        assert words[:2] == ["commonty", "plugins"]
        parser = argparse.ArgumentParser()
        cli.arguments(parser)
        assert parser.parse_args(words[2:]).verb == words[2]


def test_every_section_the_suite_points_to_is_in_the_guide() -> None:
    text = GUIDE.read_text("utf-8")
    heads = {head.strip().lower().replace(" ", "-") for head in re.findall(r"^#{2,3} (.*)$", text, re.M)}
    wanted: set[str] = set()
    for path in (ROOT / "plugins" / "testkit").glob("*.py"):
        source = path.read_text("utf-8")
        wanted |= set(re.findall(r'section: ClassVar\[str\] = "([a-z-]+)"', source))
        wanted |= set(re.findall(r'["\'],\s*"([a-z-]+)"(?:,\s*)?\)', source)) & set(
            re.findall(r'"([a-z-]+)"\s*,?\s*\)', source)
        )
    known = wanted & {
        "modules",
        "settings",
        "versions",
        "files",
        "accessibility",
        "languages",
        "data",
        "privacy",
        "time",
    }
    assert len(known) >= 8
    sections = {one for one in wanted if "-" in one or one in known | {"exactness", "ties", "explaining"}}
    assert sections - heads == set()
