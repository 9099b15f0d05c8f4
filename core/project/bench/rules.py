"""Phragmén, transferable votes and the other rules on 100,000 ballots and 100 projects, beside plain counts.

The baseline is a plain count in fractions (`core.counting.rules_check`) on a smaller election made in the same way,
scaled by ballots; on that election both must choose alike. Rules without a plain count here are timed alone.
"""

from __future__ import annotations

import resource
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from core.counting import decide, tie_break_from
from core.counting.rules_check import phragmen_checked, stv_checked
from core.project.bench.equal_shares import BALLOTS, PROJECTS, SEED, SMALL, election
from core.project.cli.tally import rules
from plugins.api.kinds import OutcomeRule
from plugins.api.profile import Profile
from plugins.api.values import BallotFamily, Instance, Outcome, TieBreak

SECONDS = 20.0
SEATS = 20


def with_marks(profile: Profile, family: BallotFamily, seed: int) -> Profile:
    """The same ballots with what another family puts on them: an order drawn for each voter, or grades from 1 to 5."""
    draw = np.random.default_rng(seed)
    rows: Counter[tuple[tuple[int, int], ...]] = Counter()
    for row in range(profile.distinct):
        columns = profile.columns[profile.start[row] : profile.start[row + 1]]
        for _ in range(int(profile.multiplicity[row])):
            if family is BallotFamily.ORDINAL:
                marks = draw.permutation(len(columns)) + 1
            else:
                marks = draw.integers(1, 6, size=len(columns))
            rows[tuple(sorted(zip(columns.tolist(), marks.tolist(), strict=True)))] += 1
    return Profile.build(family, profile.refs, rows)


def run(size: int, out: Any) -> dict[str, Any]:
    ballots = size or BALLOTS
    known = rules(out)
    instance, ticks = election(ballots, PROJECTS, SEED)
    orders = with_marks(ticks, BallotFamily.ORDINAL, SEED)
    grades = with_marks(ticks, BallotFamily.CARDINAL, SEED)
    order = tie_break_from(str(SEED).encode(), ticks.refs)
    out.say(f"Seed {SEED}: {ticks.voters:,} ballots, {orders.distinct:,} distinct orders, {PROJECTS} projects")

    small_instance, small_ticks = election(min(SMALL, ballots), PROJECTS, SEED)
    small_orders = with_marks(small_ticks, BallotFamily.ORDINAL, SEED)
    scale = ballots / small_ticks.voters
    skip = {"too_dear": "skip"}
    seats = {"costs": "ignored", "seats": SEATS}
    cases: list[tuple[str, str, dict[str, Any], Profile, Callable[[], list[str]] | None]] = [
        ("phragmen", "phragmen", skip, ticks, lambda: phragmen_checked(small_instance, small_ticks, order)),
        ("stv", "stv", seats, orders, lambda: stv_checked(small_orders, SEATS, order)),
        ("stv with costs", "stv", {}, orders, None),
        ("majority-judgement", "majority-judgement", {"minimum_grade": 0}, grades, None),
        ("greedy-part-fund", "greedy-part-fund", {"part_percent": 50}, ticks, None),
        ("threshold", "threshold", {"percent": 5, "inner": "phragmen"}, ticks, None),
    ]
    found: dict[str, dict[str, Any]] = {}
    for name, key, chosen, profile, plain in cases:
        seconds, outcome = _timed(known, key, chosen, instance, profile, order)
        one: dict[str, Any] = {"ours": round(seconds, 3), "funded": len(outcome.allocation)}
        if plain is not None:
            started = time.perf_counter()
            expected = plain()
            one["baseline"] = round((time.perf_counter() - started) * scale, 1)
            one["ratio"] = round(one["baseline"] / max(seconds, 1e-6), 1)
            small = small_ticks if profile is ticks else small_orders
            pot = small_instance
            if key == "stv":
                # Money enough for all, so that whoever is elected is funded.
                pot = replace(pot, budget=sum(candidate.cost for candidate in pot.candidates))
            one["agrees"] = list(_timed(known, key, chosen, pot, small, order)[1].allocation) == expected
        found[name] = one
        out.say(f"{name}: {one}")
    held = ("phragmen", "stv", "stv with costs")
    return {
        "name": "rules",
        "ours": max(found[name]["ours"] for name in held),
        "baseline": max(one.get("baseline", 0) for one in found.values()),
        "ratio": min(one["ratio"] for one in found.values() if "ratio" in one),
        "hold": f"Phragmén and transferable votes at most {SECONDS:g} s each; the same result as the plain count",
        "ok": all(found[name]["ours"] <= SECONDS for name in held)
        and all(one.get("agrees", True) for one in found.values()),
        "rules": found,
        "megabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "seed": SEED,
        "ballots": ticks.voters,
        "distinct": {"ticks": ticks.distinct, "orders": orders.distinct},
        "projects": PROJECTS,
        "baseline_is": f"plain count in fractions on {small_ticks.voters:,} ballots, scaled by ballots",
    }


def _timed(
    known: dict[str, OutcomeRule],
    key: str,
    chosen: dict[str, Any],
    instance: Instance,
    profile: Profile,
    order: TieBreak,
) -> tuple[float, Outcome]:
    rule = known[key]
    settings = rule.Settings.model_validate(chosen)
    # What a profile works out once is part of the count.
    fresh = Profile(profile.family, profile.refs, profile.start, profile.columns, profile.scores, profile.multiplicity)
    started = time.perf_counter()
    outcome = decide(known.__getitem__, rule, settings, instance, fresh, order)
    return time.perf_counter() - started, outcome
