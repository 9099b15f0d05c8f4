"""What people and programs really send: words, forms and bytes that a module has to bear."""

from __future__ import annotations

from typing import Any

WORDS: tuple[str, ...] = (
    "",
    " ",
    "\x00",
    "￿",
    "\u202eright to left\u202c",
    "\u2066isolated\u2069",
    "e\u0301" * 200,
    "👩‍👩‍👧‍👦" * 50,
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ settings.SECRET_KEY }}{% debug %}",
    "'; DROP TABLE ballots; --",
    "../../etc/passwd",
    "%s%n{0}{project}",
    "\r\nSet-Cookie: a=b",
    "javascript:alert(1)",
    "ﷺ" * 40,
    "x" * 10_000,
    "-1",
    "+1",
    "1.0",
    "1e3",
    "NaN",
    "inf",
    "٣",
    "三",
    "¹",
    "0x1",
    "1_0",
    "1 1",
    "9" * 7,
    "9" * 5000,
    "true",
    "null",
    "[object Object]",
)
FORMULAS: tuple[str, ...] = ('=HYPERLINK("http://x")', "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1")
"""Cells that a spreadsheet would run."""
BYTES: tuple[bytes, ...] = (
    b"",
    b"\x00",
    b"{}",
    b"[]",
    b"null",
    b"\xff\xfe",
    b"[" * 60_000,
    b"[" * 100_000,
    b'{"choices":[],"format":"x"}',
    b"\x80\x04\x95",
    bytes(range(256)),
    b"9" * 300_000,
)
FORMS: tuple[Any, ...] = (
    None,
    5,
    "project",
    b"project",
    [],
    [("project", "P-01")],
    {},
    {1: ["x"]},
    {"project": None},
    {"project": "P-01"},
    {"project": [None]},
    {"project": [["P-01"]]},
    {"project": {"P-01": "1"}},
    {"": [""]},
    {"project": ["P-01"] * 10_000},
    {f"field-{number}": ["1"] for number in range(10_000)},
)
"""Posted forms, most of which no browser would send."""
