"""Money is whole pence, written and read as people do, and no float comes near it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.api import Money, MoneyInvalid

ROOT = Path(__file__).parents[2]
EXACT = [
    "plugins/api/money.py",
    "plugins/api/values.py",
    "plugins/api/choosing.py",
    "plugins/api/pabulib.py",
    "plugins/bundled/outcome_greedy/rule.py",
    "plugins/bundled/outcome_equal_shares/rule.py",
    "core/counting/tally.py",
    "core/counting/equal_shares_check.py",
]


@given(st.integers(-(10**14), 10**14))
def test_what_is_written_is_read_back(minor: int) -> None:
    money = Money(minor)
    assert Money.parse(money.format(), negative=True) == money


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("£12,000.50", 1_200_050),
        ("12000", 1_200_000),
        (" £ 7 ", 700),
        ("1,234,567", 123_456_700),
        ("0", 0),
        ("0.07", 7),
    ],
)
def test_amounts_as_people_write_them(text: str, minor: int) -> None:
    assert Money.parse(text) == Money(minor)


@pytest.mark.parametrize(
    "text",
    ["", "12,5", "1e3", "7.5", "1,00,000", "£", "-5", "12.345", "12 000", "nan", "٣", "£1£", "5\n6", "9" * 20],
)
def test_other_writing_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(MoneyInvalid, match="[Ww]rite pounds|larger than"):
        Money.parse(text)


def test_less_than_nothing_only_where_it_is_allowed() -> None:
    assert Money.parse("-£5", negative=True) == Money(-500)
    with pytest.raises(MoneyInvalid):
        Money.parse("-£5")


def test_only_whole_numbers_and_one_currency() -> None:
    for wrong in (1.0, "1", True):
        with pytest.raises(TypeError):
            Money(wrong)  # type: ignore[arg-type]  # the point of the test
    with pytest.raises(ValueError, match="cannot be counted together"):
        Money(1) + Money(1, "EUR")
    assert Money(3) - Money(1) == Money(2) < Money(3)


@pytest.mark.parametrize("path", EXACT)
def test_no_float_near_money(path: str) -> None:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    for node in ast.walk(tree):
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), path
        assert not (isinstance(node, ast.Name) and node.id == "float"), path
        assert not (isinstance(node, ast.Call) and ast.unparse(node.func) == "round"), path
        assert not isinstance(node, ast.Div) or "Fraction" in ast.dump(tree), path
