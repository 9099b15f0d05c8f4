"""Groups of opinion from 50,000 answers: 2,000 people, 100 statements, three camps that are known beforehand.

The baseline is one full decomposition of the table of people by statements, which the usual way begins with; ours
works on the statements' own matrix and goes on to the groups and what marks them.
"""

from __future__ import annotations

import importlib
import time
from typing import Any

import numpy as np

from core.kernel.errors import NotFound
from plugins.host.registry import registry

SEED = 20261124
ANSWERS, PEOPLE, STATEMENTS, CAMPS = 50_000, 2_000, 100, 3
SECONDS = 5.0


def _numbers() -> Any:
    """The plugin's own arithmetic, found where the plugin was registered."""
    found = registry().modules.get(("deliberation", "opinion-groups"))
    if found is None:
        raise NotFound("The plugin opinion-groups is not here.", code="plugin.unknown")
    return importlib.import_module(type(found.module).__module__.rpartition(".")[0] + ".groups")


def run(size: int, out: Any) -> dict[str, Any]:
    groups = _numbers()
    answers = size or ANSWERS
    draw = np.random.default_rng(SEED)
    camp = draw.integers(0, CAMPS, PEOPLE)
    leaning = draw.uniform(0.1, 0.9, (CAMPS, STATEMENTS))
    # Each person meets each statement at most once.
    cells = draw.choice(PEOPLE * STATEMENTS, size=min(answers, PEOPLE * STATEMENTS), replace=False)
    person, statement = cells // STATEMENTS, cells % STATEMENTS
    value = np.where(draw.random(cells.size) < leaning[camp[person], statement], 1, -1)
    table = groups.Table(PEOPLE, STATEMENTS, person, statement, value)
    out.say(f"Seed {SEED}: {cells.size:,} answers of {PEOPLE:,} people to {STATEMENTS} statements, {CAMPS} camps")
    started = time.perf_counter()
    found = groups.grouped(table, fewest_answers=7, fewest_in_group=5)
    ours = time.perf_counter() - started
    dense = np.zeros((PEOPLE, STATEMENTS))
    dense[person, statement] = value
    started = time.perf_counter()
    np.linalg.svd(dense - dense.mean(axis=0), full_matrices=False)
    baseline = time.perf_counter() - started
    placed = found is not None and found.groups == CAMPS
    right = 0.0
    if found is not None:
        # In each group most come from one camp.
        right = sum(int(np.bincount(camp[found.labels == one]).max()) for one in range(found.groups)) / PEOPLE
    return {
        "name": "groups",
        "ours": round(ours, 3),
        "baseline": round(baseline, 3),
        "ratio": round(baseline / ours, 3),
        "hold": f"at most {SECONDS:g} s; the {CAMPS} camps found, nine of ten people in the right one",
        "ok": ours <= SECONDS and placed and right >= 0.9,
        "seed": SEED,
        "answers": int(cells.size),
        "groups": found.groups if found is not None else 0,
        "in_the_right_group": round(right, 3),
        "baseline_is": "one full singular value decomposition of the table of people by statements",
    }
