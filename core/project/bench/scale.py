"""Everything that depends on how many tenants there are, in one database and one run: `bench scale --size 1332`.

What each part found is written to `bench-scale.json` in the service's directory as soon as it is known. With `--keep`
a run that was cut off goes on with the tenants it has made.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from django.core.management import call_command

from core.kernel.env import environment
from core.kernel.errors import CommontyError
from core.project.bench import fleet, noisy_neighbour, pages, provisioning, restart
from core.project.bench.tenants import bench_database, crowd
from core.project.services import services_up

TENANTS = 60
HOURS_HOLD = 0.5


def run(size: int, out: Any, *, keep: bool = False) -> dict[str, Any]:
    """Provisioning, fleet, pages, the noisy neighbour and a crash with `size` (60) tenants."""
    services_up()
    call_command("collectstatic", interactive=False, verbosity=0)
    size = size or TENANTS
    path = environment().var_dir / "bench-scale.json"
    found: dict[str, dict[str, Any]] = {}

    def part(name: str, work: Callable[[], dict[str, Any]]) -> None:
        out.say(f"-- {name}, {len(found) + 1} of 5")
        begun = time.perf_counter()
        try:
            one = work()
        except CommontyError as error:
            # The other parts are still worth their figures.
            one = {"name": name, "ok": False, "hold": str(error)}
        found[name] = {**one, "seconds": round(time.perf_counter() - begun, 1)}
        path.write_text(json.dumps(found, indent=1, default=str), encoding="utf-8")
        out.say(f"-- {name}: {'holds' if one['ok'] else 'DOES NOT HOLD'} ({one['hold']})")

    def made() -> dict[str, Any]:
        one = provisioning.measured_one(provisioning.RUNS, out)
        crowded = crowd(size, say=out.say, kill=True)
        return provisioning.document(one, provisioning.measured_many(crowded, size))

    with bench_database(keep=keep, say=out.say):
        part("provisioning", made)
        part("fleet", lambda: fleet.measured(size, out))
        part("pages", lambda: pages.measured(size, out))
        part("noisy-neighbour", lambda: noisy_neighbour.measured(noisy_neighbour.REQUESTS, out))
        part("restart", lambda: restart.measured(size, out))
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
