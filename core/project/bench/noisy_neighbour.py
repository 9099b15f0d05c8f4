"""One tenant's pages while another exports, searches and is overrun, beside the same pages with nobody else about.

The neighbour's exports and searches run in a process of their own, as low as a worker of heavy work; its visitors come
over sixteen connections as fast as they are answered, from a process that takes only what the server leaves over, since
their browsers are not on the server's machine. Quiet and noise take turns. What is measured comes at an even pace and
is counted from when it was due, so that a server which lags behind is not flattered. On a busy machine fewer turns are
taken, so that the bench ends in minutes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.core.management import call_command

from core.project.bench import noise
from core.project.bench.pages import PAGES, rounds_ensure
from core.project.bench.round_pages import round_decided, round_voting
from core.project.bench.serving import Browser, Web, serving
from core.project.bench.tenants import bench_database, crowd, first_two, spread
from core.rounds.models import Round
from tenants.office.fleet import _worker_environment
from tenants.registry.context import TenantRef, in_tenant

RATIO_HOLD = 1.5
REQUESTS = 200
TURNS = 4
# No turn is begun that would most likely end later than this.
LONGEST_SECONDS = 180.0
BETWEEN_SECONDS = 0.25
# So many may wait for a page together; enough for answers of ten seconds.
AT_ONCE = 40
VISITORS = 16
PROJECTS = 100
VOTERS = 2_000
DECIDED = "decided"


def _paced(web: Web, tenant: TenantRef, many: int) -> tuple[list[float], Counter[int]]:
    """Seconds from when each page was due until it was there, and the answers' statuses.

    Visitors come at a steady pace, each over a connection of their own, however slow the answers to others are.
    """
    began = time.perf_counter()

    def visit(number: int) -> tuple[float, int]:
        due = began + number * BETWEEN_SECONDS
        time.sleep(max(0.0, due - time.perf_counter()))
        browser = Browser(web)
        status, _seconds = browser.get(tenant.slug, PAGES[number % len(PAGES)])
        waited = time.perf_counter() - due
        browser.close()
        return waited, status

    with ThreadPoolExecutor(AT_ONCE) as visitors:
        seen = list(visitors.map(visit, range(many)))
    return [waited for waited, _ in seen], Counter(status for _, status in seen)


def _noise(web: Web, tenant: TenantRef) -> list[subprocess.Popen[str]]:
    """The neighbour's visitors, and its exports and searches. Both end when their input is closed."""
    pipe = subprocess.PIPE
    tasks = [["visit", str(web.port), tenant.slug, str(VISITORS)], ["work", tenant.slug, DECIDED]]
    running = [
        subprocess.Popen(  # noqa: S603  # our own words
            [sys.executable, "-m", noise.__name__, *words],
            env=_worker_environment(),
            stdin=pipe,
            stdout=pipe,
            text=True,
        )
        for words in tasks
    ]
    for one in running:
        assert one.stdout is not None
        one.stdout.readline()
    return running


def _quiet(running: list[subprocess.Popen[str]]) -> Counter[str]:
    """End the noise; what it did, by kind."""
    done: Counter[str] = Counter()
    for one in running:
        said, _ = one.communicate(timeout=120)
        done.update(json.loads(said or "{}"))
    return done


def measured(requests: int, out: Any) -> dict[str, Any]:
    """Quiet and noise in turns, in the bench's database."""
    loud, ours = first_two()
    rounds_ensure((loud, ours))
    with in_tenant(loud):
        row = None if Round.objects.filter(slug=DECIDED).exists() else round_voting(DECIDED, PROJECTS)
    if row is not None:
        round_decided(loud, row, VOTERS)
    alone: list[float] = []
    beside: list[float] = []
    answers: Counter[int] = Counter()
    done: Counter[str] = Counter()
    with serving() as web:
        _paced(web, ours, len(PAGES) * 4)
        begun = time.perf_counter()
        for turn in range(TURNS):
            if (time.perf_counter() - begun) * (turn + 1) > LONGEST_SECONDS * turn > 0:
                out.say(f"The machine is slow: {turn} of {TURNS} turns were taken.")
                break
            waits, found = _paced(web, ours, requests // TURNS)
            alone += waits
            answers += found
            running = _noise(web, loud)
            try:
                waits, found = _paced(web, ours, requests // TURNS)
            finally:
                done += _quiet(running)
            beside += waits
            answers += found
            out.say(f"turn {turn + 1} of {TURNS}: alone {spread(alone)}, beside noise {spread(beside)}")
    noisy = all(done[kind] for kind in ("exports", "searches", "200"))
    ratio = spread(beside)["p95"] / spread(alone)["p95"]
    return {
        "name": "noisy-neighbour",
        "pages": len(beside),
        "ours": spread(beside)["p95"],
        "baseline": spread(alone)["p95"],
        "ratio": round(ratio, 2),
        "hold": f"p95 ratio <= {RATIO_HOLD}; every page answered",
        "ok": ratio <= RATIO_HOLD and set(answers) == {200} and noisy,
        "alone": spread(alone),
        "beside": spread(beside),
        "answers": {str(status): many for status, many in answers.items()},
        "neighbour": dict(done),
    }


def run(size: int, out: Any, *, keep: bool = False) -> dict[str, Any]:
    """`size` (200) pages of one council alone, and as many beside a noisy one."""
    call_command("collectstatic", interactive=False, verbosity=0)
    with bench_database(keep=keep, say=out.say):
        crowd(2, say=out.say)
        return measured(max(size or REQUESTS, TURNS), out)
