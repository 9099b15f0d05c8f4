"""Equal shares on 100,000 ballots and 100 projects, with shares raised pound by pound, beside the plain count.

The baseline is the plain count in fractions (`core.counting.equal_shares_check`) on a smaller election made in the
same way, timed for one run of the rule and scaled by ballots and runs; on that election both must choose alike.
"""

from __future__ import annotations

import resource
import time
from collections import Counter
from fractions import Fraction
from typing import Any

import numpy as np

from core.counting import tie_break_from
from core.counting.equal_shares_check import run_checked
from core.project.cli.tally import rules
from plugins.api.profile import Profile
from plugins.api.values import BallotFamily, Candidate, Instance

SEED = 20261124
BALLOTS = 100_000
PROJECTS = 100
SMALL = 2_000
BUDGET = 5_000_000_00
POUND = 100
SECONDS = 10.0
MEGABYTES = 500


def election(ballots: int, projects: int, seed: int) -> tuple[Instance, Profile]:
    """Voters choose 3 to 12 projects, some far more popular than others; nearly every ballot is unlike the rest."""
    draw = np.random.default_rng(seed)
    popularity = draw.gamma(0.8, size=projects) + 0.05
    weights = np.log(popularity / popularity.sum())
    sizes = draw.integers(3, 13, size=ballots)
    # The largest of weight plus Gumbel noise: a sample without replacement for every voter at once.
    rows: Counter[tuple[tuple[int, int], ...]] = Counter()
    for first in range(0, ballots, 10_000):
        part = sizes[first : first + 10_000]
        noise = draw.gumbel(size=(len(part), projects)) + weights
        ranked = np.argsort(-noise, axis=1)[:, :12]
        for size, columns in zip(part.tolist(), ranked.tolist(), strict=True):
            rows[tuple((column, 1) for column in sorted(columns[:size]))] += 1
    refs = tuple(f"P-{number:03}" for number in range(1, projects + 1))
    costs = (draw.lognormal(11.5, 0.7, size=projects) // 50 * 50 + 500).astype(np.int64) * POUND
    instance = Instance(
        budget=BUDGET * ballots // BALLOTS,
        candidates=tuple(Candidate(ref, int(cost) * ballots // BALLOTS) for ref, cost in zip(refs, costs, strict=True)),
    )
    return instance, Profile.build(BallotFamily.APPROVAL, refs, rows)


def run(size: int, out: Any) -> dict[str, Any]:
    ballots = size or BALLOTS
    rule = rules(out)["equal-shares"]
    instance, profile = election(ballots, PROJECTS, SEED)
    order = tie_break_from(str(SEED).encode(), profile.refs)
    settings = rule.Settings(increment=POUND)
    out.say(
        f"Seed {SEED}: {profile.voters:,} ballots, {profile.distinct:,} distinct, {PROJECTS} projects, "
        f"budget {instance.amount(instance.budget)}"
    )
    started = time.perf_counter()
    outcome = rule.decide(instance, profile, settings, order)
    ours = time.perf_counter() - started
    runs = int(outcome.facts["runs"])
    out.say(f"{runs} runs in {ours:.2f} s, {outcome.facts['exact_decisions']} decisions in fractions")

    small_instance, small = election(min(SMALL, ballots), PROJECTS, SEED)
    small_order = tie_break_from(str(SEED).encode(), small.refs)
    started = time.perf_counter()
    plain = run_checked(small_instance, small, Fraction(small_instance.budget, small.voters), small_order, "cost")
    plain_seconds = time.perf_counter() - started
    fast = rule.decide(small_instance, small, rule.Settings(completion="none"), small_order)
    agree = fast.allocation == plain.allocation
    baseline = plain_seconds * ballots / small.voters * runs
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "name": "equal-shares",
        "ours": round(ours, 3),
        "baseline": round(baseline, 1),
        "ratio": round(baseline / ours, 1),
        "hold": f"at most {SECONDS:g} s and {MEGABYTES} MB; the same result as the plain count",
        "ok": ours <= SECONDS and megabytes <= MEGABYTES and agree,
        "megabytes": round(megabytes),
        "seed": SEED,
        "ballots": profile.voters,
        "distinct": profile.distinct,
        "projects": PROJECTS,
        "budget": instance.budget,
        "runs": runs,
        "funded": len(outcome.allocation),
        "spent": outcome.spent,
        "exact_decisions": outcome.facts["exact_decisions"],
        "agrees": agree,
        "baseline_is": f"plain count in fractions, one run on {small.voters:,} ballots, scaled by ballots and runs",
    }
