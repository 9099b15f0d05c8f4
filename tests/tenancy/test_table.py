"""Every row of the isolation table is answered for, by tests that exist."""

from __future__ import annotations

import ast
import re
from functools import lru_cache

from tests.support.bootstrap import ROOT

HERE = "tests/tenancy/"
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")
BAD_INPUT = re.compile(r"^\| Bad input .*?(?=^$)", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| T(\d+) \|.*\|([^|]+)\|$", re.MULTILINE)


@lru_cache
def functions(file: str) -> dict[str, ast.FunctionDef]:
    """The functions that a file defines; none where there is no such file."""
    path = ROOT / (file if file.startswith("tests/") else HERE + file)
    body = ast.parse(path.read_text(encoding="utf-8")).body if path.is_file() else []
    return {node.name: node for node in body if isinstance(node, ast.FunctionDef)}


def looks_at_the_fleet(file: str, name: str) -> bool:
    """Whether a test ends with a look at every schema."""
    return any("fleet_clean" in ast.unparse(one) for one in functions(file)[name].decorator_list)


def missing(text: str) -> list[str]:
    """Rows without an answer, and tests that are named and are not there."""
    answers = {int(number): answer for number, answer in ROW.findall(text)}
    found = [f"T{number} has no row" for number in range(1, 55) if number not in answers]
    found += [f"T{number} names no test" for number, answer in answers.items() if not NAMED.search(answer)]
    # In every table and sentence of the page, not in that of the rows alone.
    return found + [
        f"{file}::{name} does not exist" for file, name in NAMED.findall(text) if name not in functions(file)
    ]


def test_every_row_names_a_test_that_exists() -> None:
    text = (ROOT / HERE / "README.md").read_text(encoding="utf-8")
    assert missing(text) == []
    assert missing(text.replace("| T7 |", "| T99 |")) == ["T7 has no row"]
    renamed = text.replace("test_t7_a_lazy", "test_t7_some_lazy")
    assert missing(renamed) == ["test_isolation.py::test_t7_some_lazy_result_fails_after_its_context does not exist"]
    assert missing(text.replace("test_who_proves_first", "test_who_proves_last"))


def test_after_each_bad_input_every_schema_is_looked_at() -> None:
    (table,) = BAD_INPUT.findall((ROOT / HERE / "README.md").read_text(encoding="utf-8"))
    named = set(NAMED.findall(table))
    assert len(named) > 15
    assert [one for one in named if not looks_at_the_fleet(*one)] == []
    assert not looks_at_the_fleet("test_table.py", "test_every_row_names_a_test_that_exists")
