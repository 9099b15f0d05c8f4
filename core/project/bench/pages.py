"""Pages of a database with many tenants beside the same pages of one with two, and what the processes keep in memory.

Two real web servers answer in turn, so that whatever else the machine does falls on both. The larger one has shown a
page of every tenant before. Then, in this process, one database connection visits every tenant: with the rule that a
connection is given up after fifty of them, and without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connection
from django.test import Client

from core.kernel.env import environment
from core.kernel.errors import Unavailable
from core.project.bench import round_pages
from core.project.bench.round_pages import round_voting
from core.project.bench.serving import Browser, Web, serving
from core.project.bench.tenants import (
    DATABASE,
    bench_database,
    bench_tenants,
    crowd,
    first_two,
    spread,
    standing_in,
)
from core.rounds.models import Round
from tenants.office.owner import owner_connection
from tenants.registry import context
from tenants.registry.context import TenantRef, in_tenant

TENANTS = 60
PROJECTS = 10
ROUND = "bench"
PAGES = ("/", "/gd/", "/how-it-works/", "/rounds/", f"/rounds/{ROUND}/")
TURNS = 20
RATIO_HOLD = 1.15
MEGABYTES_HOLD = 50.0
MEGABYTE = 1024 * 1024
NEVER = 10**9
# What a backend keeps grows by the same for each tenant, so these are enough to see it.
VISITED = 300


def rounds_ensure(tenants: Sequence[TenantRef]) -> None:
    """A round with voting open in each. Safe to run again."""
    for tenant in tenants:
        with in_tenant(tenant):
            if not Round.objects.filter(slug=ROUND).exists():
                round_voting(ROUND, PROJECTS)


def _visited(browser: Browser, tenants: Sequence[TenantRef], out: Any) -> list[float]:
    """Seconds of the first page of every tenant; refuses an answer that is no page."""
    taken = []
    for number, tenant in enumerate(tenants, 1):
        status, seconds = browser.get(tenant.slug, "/")
        if status != 200:
            raise Unavailable(f"{tenant.slug} answered {status}.", code="bench.page")
        taken.append(seconds)
        if number % 200 == 0:
            out.say(f"{number} of {len(tenants)} tenants visited …")
    return taken


def _turn(browser: Browser) -> dict[str, list[float]]:
    """Each page of both tenants once."""
    found: dict[str, list[float]] = {path: [] for path in PAGES}
    for tenant in first_two():
        for path in PAGES:
            status, seconds = browser.get(tenant.slug, path)
            if status != 200:
                raise Unavailable(f"{tenant.slug}{path} answered {status}.", code="bench.page")
            found[path].append(seconds)
    return found


def _backends(database: str) -> list[int]:
    with owner_connection() as owner:
        rows = owner.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()", [database]
        ).fetchall()
    return [int(row[0]) for row in rows]


def _private(pid: int) -> float:
    """Megabytes of a backend that are its own, without the shared buffers; 0 where the system does not tell."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon:")), 0.0)


@contextmanager
def _tenants_per_connection(most: int) -> Iterator[None]:
    before = context.TENANTS_PER_CONNECTION
    context.TENANTS_PER_CONNECTION = most
    try:
        yield
    finally:
        context.TENANTS_PER_CONNECTION = before


def _one_backend(tenants: Sequence[TenantRef], most: int) -> float:
    """The most that a backend of one connection keeps, in megabytes, while a page of every tenant is shown."""
    connection.close()
    largest = 0.0
    with _tenants_per_connection(most):
        for tenant in tenants:
            host = f"{tenant.slug}.{environment().base_domain}:{environment().port}"
            Client(HTTP_HOST=host).get("/")
            driver: Any = connection.connection
            if driver is not None:
                largest = max(largest, _private(driver.info.backend_pid))
    connection.close()
    return largest


def _compared(small: Web, large: Web, out: Any) -> dict[str, Any]:
    """Both servers in turn, the larger one after it has visited everybody."""
    few, many = Browser(small), Browser(large)
    everybody = bench_tenants()
    for _ in range(3):
        _turn(few)
        _turn(many)
    before = large.memory()
    visits = _visited(many, everybody, out)
    grown = (large.memory() - before) / MEGABYTE
    backends = [_private(pid) for pid in _backends(DATABASE)]
    _turn(many)
    sums: dict[str, dict[str, list[float]]] = {side: {path: [] for path in PAGES} for side in ("two", "many")}
    for number in range(TURNS):
        sides = [("two", few), ("many", many)]
        for side, browser in sides if number % 2 else reversed(sides):
            for path, seconds in _turn(browser).items():
                sums[side][path] += seconds
    few.close()
    many.close()
    pages = {path: {side: spread(sums[side][path]) for side in sums} for path in PAGES}
    whole = {side: spread([one for path in PAGES for one in sums[side][path]]) for side in sums}
    for path, page in pages.items():
        out.say(f"{path:18} two {page['two']}  many {page['many']}")
    return {
        "ours": whole["many"]["p95"],
        "baseline": whole["two"]["p95"],
        "ratio": round(whole["many"]["p95"] / whole["two"]["p95"], 3),
        "ratio_median": round(whole["many"]["p50"] / whole["two"]["p50"], 3),
        "pages": pages,
        "first_visit": spread(visits),
        "megabytes_grown": round(grown, 1),
        "megabytes_a_backend": round(max(backends, default=0.0), 1),
    }


def measured(size: int, out: Any) -> dict[str, Any]:
    """The comparison, in the bench's database with `size` tenants."""
    rounds_ensure(first_two())
    with bench_database(f"{DATABASE}_two", say=out.say) as two:
        crowd(2, say=out.say)
        rounds_ensure(first_two())
        with serving(workers=1) as small, standing_in(DATABASE), serving(workers=1) as large:
            found = _compared(small, large, out)
        assert two
    tenants = bench_tenants()[:VISITED]
    out.say(f"One connection visits {len(tenants)} tenants, with the rule and without it …")
    ruled = _one_backend(tenants, context.TENANTS_PER_CONNECTION)
    free = _one_backend(tenants, NEVER)
    return {
        "name": "pages",
        **found,
        "hold": f"p95 ratio <= {RATIO_HOLD}; a worker grows <= {MEGABYTES_HOLD:g} MB after visiting all",
        "ok": found["ratio"] <= RATIO_HOLD and found["megabytes_grown"] <= MEGABYTES_HOLD,
        "tenants": size,
        "backend_visits": len(tenants),
        "backend_megabytes_with_rule": round(ruled, 1),
        "backend_megabytes_without_rule": round(free, 1),
        "rule": context.TENANTS_PER_CONNECTION,
    }


def run(size: int, out: Any, *, keep: bool = False) -> dict[str, Any]:
    """A round's pages with few and many projects (`round-pages`); then five pages with `size` (60) tenants beside the
    same with two, and the memory that visiting all of them costs."""
    rounds = round_pages.run(0, out)
    size = size or TENANTS
    with bench_database(keep=keep, say=out.say):
        crowd(size, say=out.say)
        found = measured(size, out)
    return {
        **found,
        "hold": f"{rounds['hold']}; {found['hold']}",
        "ok": found["ok"] and rounds["ok"],
        "rounds": rounds["pages"],
    }
