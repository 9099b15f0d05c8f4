"""Making tenants: one against migrating its schema from nothing, then many, with what the last cost beside the first.

Every step that a tenant of the service has is done and counted, its pages and the record of each step included. Half
of the way through the many one of the two workers is killed, and what it left is gone on with by another.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

from django.core.management import call_command
from django.core.management.commands.migrate import Command as Migrate

from core.places.national import councils
from core.project.bench.tenants import WORKERS, Made, bench_database, costs, crowd, remove
from tenants.office.owner import django_as_owner, schema_drop, schema_make
from tenants.office.services import schema_name, tenant_create
from tenants.registry.context import as_owner

RATIO_HOLD = 12.0
SECONDS_HOLD = 1.5
GROWTH_HOLD = 2.5
TENANTS = 60
RUNS = 10
SLUG = "benched"
MOST_COMPARED = 100


def _ours() -> tuple[float, dict[str, float]]:
    """Seconds of one whole council, and of each of its steps."""
    council = councils()[0]
    begun = time.perf_counter()
    _tenant, steps = tenant_create(slug=SLUG, kind="council", name=council.name, code=council.code)
    seconds = time.perf_counter() - begun
    remove(SLUG)
    return seconds, {step.name: step.seconds for step in steps}


def _baseline() -> float:
    schema = schema_name()
    schema_make(schema)
    begun = time.perf_counter()
    with django_as_owner(), as_owner(schema):
        call_command(Migrate(), interactive=False, verbosity=0, skip_checks=True)
    seconds = time.perf_counter() - begun
    schema_drop(schema)
    return seconds


def measured_one(runs: int, out: Any) -> dict[str, Any]:
    """Median seconds of `runs` councils with one migration from nothing before and one after."""
    before = _baseline()
    out.say(f"migrating from nothing: {before:.2f} s")
    # The first of a process loads Scotland's map of wards.
    _ours()
    ours = [_ours() for _ in range(runs)]
    after = _baseline()
    out.say(f"migrating from nothing: {after:.2f} s")
    median, baseline = statistics.median(seconds for seconds, _ in ours), (before + after) / 2
    steps = {name: round(statistics.median(each[name] for _, each in ours), 3) for name in ours[0][1]}
    out.say(f"a council: {median:.2f} s, of which {steps}")
    return {
        "ours": round(median, 3),
        "baseline": round(baseline, 3),
        "ratio": round(baseline / median, 1),
        "slowest": round(max(seconds for seconds, _ in ours), 3),
        "runs": runs,
        "steps": steps,
    }


def measured_many(made: Made, size: int) -> dict[str, Any]:
    """What the last hundred cost beside the first (of few, the last tenth), and that nothing is missing after a kill.

    By medians: a worker's first tenant loads Scotland's map as well.
    """
    each = costs()
    some = min(MOST_COMPARED, max(1, len(each) // 10))
    first, last = statistics.median(each[:some]), statistics.median(each[-some:])
    return {
        "tenants": len(each),
        "tenants_wanted": size,
        "tenants_made_now": made.tenants,
        # Of a run that was cut off and gone on with, what all the steps took.
        "tenants_seconds": round(max(made.seconds, sum(each) / WORKERS), 1),
        "tenants_a_minute": round(made.tenants / made.seconds * 60, 1) if made.seconds else 0.0,
        "compared": some,
        "first": round(first, 3),
        "last": round(last, 3),
        "growth": round(last / first, 2),
        "worker_killed": bool(made.killed),
    }


def run(size: int, out: Any, *, keep: bool = False) -> dict[str, Any]:
    """One council against migrating, ten times; then `size` (60) tenants by two workers, one of which is killed."""
    size = size or TENANTS
    with bench_database(keep=keep, say=out.say):
        one = measured_one(min(RUNS, size), out)
        many = measured_many(crowd(size, say=out.say, kill=True), size)
    return document(one, many)


def document(one: dict[str, Any], many: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": "provisioning",
        **one,
        **many,
        "hold": f"ratio >= {RATIO_HOLD:g} and ours <= {SECONDS_HOLD} s; growth <= {GROWTH_HOLD}; every tenant made",
        "ok": one["ratio"] >= RATIO_HOLD
        and one["ours"] <= SECONDS_HOLD
        and many["growth"] <= GROWTH_HOLD
        and many["tenants"] == many["tenants_wanted"],
    }
