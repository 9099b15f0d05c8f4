"""Every row of what is tried at a sign-in, and every part of it, is answered for by tests that exist."""

from __future__ import annotations

import ast
import re

from tests.support.bootstrap import ROOT

HERE = "tests/login/"
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")
ROW = re.compile(r"^\| ([^|]+) \|.*\|([^|]+)\|$|^\| ([^|]+) \|([^|]+)\|$", re.MULTILINE)
ROWS = [f"T{n}" for n in range(55, 66)] + [f"AB{n}" for n in (*range(24, 36), 37, 38, 44)] + list("ABCDEFGHIJK")


def missing(text: str) -> list[str]:
    """Rows without an answer, and tests that are named and are not there."""
    answers = {long or short: answer or brief for long, answer, short, brief in ROW.findall(text)}
    found = [f"{row} names no test" for row in ROWS if not NAMED.findall(answers.get(row, ""))]
    for row, answer in answers.items():
        for file, name in NAMED.findall(answer):
            path = ROOT / (file if file.startswith("tests/") else HERE + file)
            tree = ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if path.is_file() else iter(())
            if name not in {node.name for node in tree if isinstance(node, ast.FunctionDef)}:
                found.append(f"{row}: {file}::{name} does not exist")
    return found


def test_every_row_names_a_test_that_exists() -> None:
    text = (ROOT / HERE / "README.md").read_text(encoding="utf-8")
    assert missing(text) == []
    assert missing(text.replace("| AB28 |", "| AB99 |")) == ["AB28 names no test"]
    assert missing(text.replace("::test_t55_no_code", "::test_t55_any_code")) == [
        "T55: test_attacks.py::test_t55_any_code_token_address_or_subject_is_written_to_a_log does not exist"
    ]
