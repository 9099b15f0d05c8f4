"""PostgreSQL killed with many tenants in it: how long until a page is shown again, and that nothing was lost.

Only the embedded server is killed, never one of an operator.
"""

from __future__ import annotations

import signal
import time
from typing import Any

import psutil
from django.core.management import call_command
from django.db import connection

from core.kernel.errors import Refused, Unavailable
from core.project.bench.pages import rounds_ensure
from core.project.bench.serving import Browser, serving
from core.project.bench.tenants import bench_database, bench_tenants, crowd, first_two
from core.project.services import services_status, services_up
from core.rounds.models import Round
from tenants.office.fleet import release_now
from tenants.office.inspection import fleet_findings
from tenants.registry.context import TenantRef, in_tenant

TENANTS = 60
SECONDS_HOLD = 15.0
PATIENCE_SECONDS = 600.0


def _kill(pid: int) -> None:
    """The server and all its processes at once, so that nobody has time to tidy up."""
    server = psutil.Process(pid)
    processes = [server, *server.children(recursive=True)]
    for process in processes:
        process.send_signal(signal.SIGKILL)
    psutil.wait_procs(processes, timeout=60)


def _standing(council: TenantRef) -> tuple[int, int]:
    """How many tenants there are, and how many rounds one of them has."""
    with in_tenant(council):
        rounds = Round.objects.count()
    return len(bench_tenants()), rounds


def measured(size: int, out: Any) -> dict[str, Any]:
    """Kill, start and ask for a page, in the bench's database with `size` tenants."""
    if not services_status()["postgres"]["running"]:
        raise Refused("Only the embedded PostgreSQL is killed, and it does not run here.", code="bench.not_embedded")
    rounds_ensure(first_two())
    council = first_two()[0]
    before = _standing(council)
    with serving() as web:
        browser = Browser(web)
        if browser.get(council.slug, "/")[0] != 200:
            raise Unavailable("The page is not there to begin with.", code="bench.web")
        _kill(services_up()["postgres"]["pid"])
        begun = time.perf_counter()
        services_up()
        started = time.perf_counter() - begun
        while browser.get(council.slug, "/rounds/")[0] != 200:
            if time.perf_counter() - begun > PATIENCE_SECONDS:
                raise Unavailable("No page after the restart.", code="bench.web")
            time.sleep(0.05)
        shown = time.perf_counter() - begun
        browser.close()
    # Our own connection died with the server.
    connection.close()
    out.say(f"PostgreSQL was back after {started:.1f} s, a page after {shown:.1f} s.")
    after = _standing(council)
    out.say("Looking at every schema …")
    _schemas, findings = fleet_findings(release_now(), say=out.say)
    return {
        "name": "restart",
        "ours": round(shown, 2),
        "baseline": round(started, 2),
        "ratio": round(shown / started, 2),
        "hold": f"a page again <= {SECONDS_HOLD:g} s after kill -9; every tenant and round there, every schema whole",
        "ok": shown <= SECONDS_HOLD and after == before and not findings,
        "tenants": size,
        "findings": [str(finding) for finding in findings[:20]],
    }


def run(size: int, out: Any, *, keep: bool = False) -> dict[str, Any]:
    """`size` (60) tenants, then `kill -9` of the embedded PostgreSQL."""
    call_command("collectstatic", interactive=False, verbosity=0)
    size = size or TENANTS
    with bench_database(keep=keep, say=out.say):
        crowd(size, say=out.say)
        return measured(size, out)
