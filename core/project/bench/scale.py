"""Everything that depends on how many tenants there are, in one database and one run: `bench scale --size 1332`.

What each part found is said and written to `bench-scale.json` in the service's directory as soon as it is known. No
part may take longer than its time. With `--keep` a run that was cut off goes on with the tenants it has made.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from django.core.management import call_command
from django.db import connection

from core.kernel.env import environment
from core.kernel.errors import Unavailable
from core.project.bench import fleet, noisy_neighbour, pages, provisioning, restart
from core.project.bench.tenants import bench_database, bench_tenants, crowd
from core.project.services import services_up

TENANTS = 60
HOURS_HOLD = 0.5
# The most that a part may take, in minutes; at full size on two quiet cores each takes less than half of it.
MINUTES = {"provisioning": 35, "fleet": 10, "restart": 12, "pages": 15, "noisy-neighbour": 8}


@contextmanager
def _at_most(minutes: float) -> Iterator[None]:
    """Raises Unavailable in whatever is being waited for once the time is over."""

    def over(_number: int, _frame: FrameType | None) -> None:
        raise Unavailable(f"It took longer than {minutes:g} minutes.", code="bench.deadline")

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, minutes * 60)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _figures(found: dict[str, Any]) -> str:
    return json.dumps({key: value for key, value in found.items() if key not in ("name", "hold", "ok", "pages")})


def run(size: int, out: Any, *, keep: bool = False) -> dict[str, Any]:
    """Provisioning, fleet, a crash, pages and the noisy neighbour with `size` (60) tenants."""
    call_command("collectstatic", interactive=False, verbosity=0)
    size = size or TENANTS
    path = environment().var_dir / "bench-scale.json"
    earlier: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if keep and path.exists() else {}
    found: dict[str, dict[str, Any]] = {}

    def part(name: str, work: Callable[[], dict[str, Any]]) -> None:
        out.say(f"-- {name}, {len(found) + 1} of {len(MINUTES)}, at most {MINUTES[name]} minutes")
        begun = time.perf_counter()
        try:
            with _at_most(MINUTES[name]):
                one = work()
        except Exception as error:  # noqa: BLE001  # told as a part that does not hold; the others still have figures
            one = {"name": name, "ok": False, "hold": repr(error)}
            services_up()
            connection.close()
        found[name] = {**one, "seconds": round(time.perf_counter() - begun, 1)}
        path.write_text(json.dumps({**earlier, **found}, indent=1, default=str), encoding="utf-8")
        out.say(f"-- {name}: {'holds' if one['ok'] else 'DOES NOT HOLD'} ({one['hold']}) {_figures(found[name])}")

    def made() -> dict[str, Any]:
        known = earlier.get("provisioning", {})
        if known.get("tenants") == size == len(bench_tenants()):
            out.say("All of them are there from an earlier run, whose figures these are.")
            return known
        one = provisioning.measured_one(provisioning.RUNS, out)
        crowded = crowd(size, say=out.say, kill=True)
        return provisioning.document(one, provisioning.measured_many(crowded, size))

    with bench_database(keep=keep, say=out.say):
        part("provisioning", made)
        # Every schema is looked at line by line once, after the crash.
        part("fleet", lambda: fleet.measured(size, out, proof=False))
        part("restart", lambda: restart.measured(size, out))
        part("pages", lambda: pages.measured(size, out))
        part("noisy-neighbour", lambda: noisy_neighbour.measured(noisy_neighbour.REQUESTS, out))
    whole = float(found["provisioning"].get("tenants_seconds", 0.0))
    return {
        "name": "scale",
        "ours": whole,
        "baseline": HOURS_HOLD * 3600,
        "ratio": round(whole / (HOURS_HOLD * 3600), 3),
        "hold": f"every part; all tenants made within {HOURS_HOLD * 60:g} minutes",
        "ok": all(one["ok"] for one in found.values()) and whole <= HOURS_HOLD * 3600,
        "tenants": size,
        "parts": found,
    }
