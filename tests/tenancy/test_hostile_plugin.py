"""What the bench of a hostile plugin takes for a failure; `commonty bench hostile-plugin` runs it (AB47, F15)."""

from __future__ import annotations

from collections import Counter
from typing import Any

from core.project.bench.hostile_module import WAYS
from core.project.bench.hostile_plugin import document


def test_a_lost_ballot_a_slow_one_and_an_idle_plugin_are_told_as_failures() -> None:
    did = Counter(way.__name__.strip("_") for way in WAYS)
    good: dict[str, Any] = {"ratio": 1.02, "ballots": 5, "taken": 5, "stored": 5, "pages": {"with": {"200": 3}}}
    assert document(good, did)["ok"]
    for wrong in ({"stored": 4}, {"taken": 4}, {"ratio": 1.2}, {"pages": {"with": {"200": 3, "500": 1}}}):
        assert not document({**good, **wrong}, did)["ok"]
    assert not document(good, did - Counter({"hangs": 1}))["ok"]
