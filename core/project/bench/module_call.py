"""What the host adds to one call of a module: the same ballot read by the module alone and through the guard.

Both in one run, in turns of a few calls, in a tenant as a page does it. Beside it the same inside an open transaction,
where the guard sets a savepoint and the database is asked twice more.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from django.db import transaction

from core.kernel.errors import NotFound
from core.project.bench.tenants import bench_tenant
from plugins.api import LocalisedText, Money, Offer, Project
from plugins.host.guard import Guarded
from plugins.host.registry import registry
from tenants.office.template import migrate
from tenants.registry.context import Role, in_tenant

CALLS, TURN = 20_000, 50
HOLD_MS = 0.5
OFFER = Offer(
    "bench",
    Money(80_000_00),
    tuple(Project(f"P-{n:02}", LocalisedText(f"Project {n}"), Money(n * 1000_00)) for n in range(1, 21)),
)
RAW = {"project": ["P-03", "P-07", "P-11"]}


def run(size: int, out: Any) -> dict[str, Any]:
    """`size` calls each way (20,000)."""
    found = registry().modules.get(("ballot_format", "approval"))
    if found is None:
        raise NotFound("The plugin ballot-approval is not here.", code="plugin.unknown")
    migrate(say=out.say)
    module: Any = found.module
    guarded: Any = Guarded(found)
    settings = module.Settings()
    turns = max((size or CALLS) // TURN, 2)

    def alone() -> Any:
        return module.parse(RAW, OFFER, settings)

    def through() -> Any:
        return guarded.parse(RAW, OFFER, settings)

    with bench_tenant() as tenant, in_tenant(tenant, role=Role.VOTER):
        assert alone() == through()
        bare, ours = _measured(turns, alone, through)
        bare_inside, inside = _measured(max(turns // 10, 2), alone, through, within=transaction.atomic)
    added = ours - bare
    out.say(f"{turns * TURN:,} calls each way, milliseconds: alone {bare:.4f}, guarded {ours:.4f}")
    return {
        "name": "module-call",
        "ours": round(ours, 4),
        "baseline": round(bare, 4),
        "ratio": round(ours / bare, 3),
        "hold": f"at most {HOLD_MS:g} ms more than the module's own call",
        "ok": added <= HOLD_MS,
        "added_ms": round(added, 4),
        "added_in_a_transaction_ms": round(inside - bare_inside, 4),
        "calls": turns * TURN,
        "baseline_is": "the same method of the same module, called without the guard; milliseconds a call, medians",
    }


def _measured(
    turns: int, alone: Callable[[], Any], through: Callable[[], Any], *, within: Callable[[], Any] = nullcontext
) -> tuple[float, float]:
    """Milliseconds a call of both, the median of turns that take each other's place."""
    times: dict[Callable[[], Any], list[float]] = {alone: [], through: []}
    for _turn in range(turns):
        for call, kept in times.items():
            with within():
                begun = time.perf_counter()
                for _call in range(TURN):
                    call()
                kept.append((time.perf_counter() - begun) * 1000 / TURN)
    return statistics.median(times[alone]), statistics.median(times[through])
