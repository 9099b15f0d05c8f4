"""How long a ballot takes while a hostile plugin is called on other pages, beside the same pages without it.

An outside package (`hostile_module`) is installed for the web server, allowed and switched on. Two rounds are alike,
but that one of them has chosen its discussion. Visitors read a project of the one and of the other in turns, while
ballots are cast in a third round at an even pace. Somebody closes the plugin's breaker every second, so that it is
called again and again: left alone, it would be called five times. Every ballot must be acknowledged and stored.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection

from core.kernel.env import environment
from core.project.bench import hostile_module
from core.project.bench.ballots import CLIENTS, count, posted, requests
from core.project.bench.round_pages import round_voting
from core.project.bench.serving import Browser, Web, serving
from core.project.bench.tenants import bench_tenant, spread
from core.rounds.models import Round
from core.voting.box import box_of
from plugins.discovery import allowed
from plugins.host.breaker import breaker_close
from plugins.host.registry import registry_build, registry_set
from plugins.host.services import plugin_activate
from tenants.office.template import migrate
from tenants.registry.context import Role, TenantRef, in_tenant

BALLOTS = 6_400
SLICES = 10
PER_SECOND = 60.0
VISITORS, BETWEEN_SECONDS = 4, 0.4
PROJECTS = 10
RATIO_HOLD = 1.10
NAME, SLUG, ROUND = hostile_module.PLUGIN.name, "bench-ballots", "bench"
SAYS = "COMMONTY_HOSTILE_SAYS"


@contextmanager
def hostile_installed(folder: Path) -> Iterator[Path]:
    """The package in a folder that this process and those it begins look into, allowed; the file it writes to."""
    package, about = folder / "commonty_hostile", folder / "commonty_hostile-1.0.0.dist-info"
    package.mkdir()
    about.mkdir()
    (package / "__init__.py").touch()
    shutil.copy(hostile_module.__file__, package / "plugin.py")
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: commonty-hostile\nVersion: 1.0.0\n")
    (about / "entry_points.txt").write_text(f"[commonty.plugins]\n{NAME} = commonty_hostile.plugin\n")
    says = folder / "says"
    says.touch()
    names = [one.name for one in allowed(environment().plugins_allowed)] + [NAME]
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    more = {"PYTHONPATH": os.pathsep.join(paths), "COMMONTY_PLUGINS_ALLOWED": ",".join(names), SAYS: str(says)}
    kept = {name: os.environ.get(name) for name in more}
    os.environ.update(more)
    sys.path.insert(0, str(folder))
    before = registry_set(registry_build(allowed(names)))
    try:
        yield says
    finally:
        registry_set(before)
        sys.path.remove(str(folder))
        for name, value in kept.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


class Visitors:
    """Some who read a page at an even pace until told to stop, and an officer who closes the breaker each second."""

    def __init__(self, web: Web, tenant: TenantRef, path: str) -> None:
        self.answers: Counter[int] = Counter()
        self._over = threading.Event()
        reading = [threading.Thread(target=self._read, args=(web, tenant, path)) for _ in range(VISITORS)]
        self._threads = [*reading, threading.Thread(target=self._close_breaker, args=(tenant,))]

    def _read(self, web: Web, tenant: TenantRef, path: str) -> None:
        browser = Browser(web)
        while not self._over.is_set():
            begun = time.monotonic()
            self.answers[browser.get(tenant.slug, path)[0]] += 1
            self._over.wait(max(0.0, BETWEEN_SECONDS - (time.monotonic() - begun)))
        browser.close()

    def _close_breaker(self, tenant: TenantRef) -> None:
        with in_tenant(tenant):
            while not self._over.is_set():
                breaker_close(NAME)
                self._over.wait(1.0)
        connection.close()

    def __enter__(self) -> Visitors:
        for one in self._threads:
            one.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        for one in self._threads:
            one.join()


def _page(row: Round) -> str:
    return f"/rounds/{row.slug}/projects/{box_of(row.id).offer.projects[0].ref}/"


def measured(
    web: Web, tenant: TenantRef, rows: dict[str, Round], many: int, out: Any, *, slices: int = SLICES
) -> dict[str, Any]:
    """So many ballots in slices, half of them while pages of the round with the hostile discussion are read."""
    each = many // slices // CLIENTS * CLIENTS
    host = f"{tenant.slug}.{environment().base_domain}:{environment().port}"
    waits: dict[str, list[float]] = {"without": [], "with": []}
    answers: dict[str, Counter[int]] = {"without": Counter(), "with": Counter()}
    taken = 0
    with tempfile.TemporaryDirectory() as folder:
        with in_tenant(tenant, role=Role.VOTER):
            pages = {name: _page(rows[name]) for name in waits}
            files = [requests(Path(folder), str(number), host, rows["vote"], each) for number in range(slices)]
            warm = requests(Path(folder), "warm", host, rows["vote"], CLIENTS * 10)
            lying = count(rows["vote"], tenant.slug)
            warmed = posted(web.port, warm)["taken"]
        for number, paths in enumerate(files):
            # Half of the pairs begin with the one, half with the other, so that no drift of the machine falls on one.
            name = ("without", "with", "with", "without")[number % 4]
            with Visitors(web, tenant, pages[name]) as visitors:
                found = posted(web.port, paths, between=CLIENTS / PER_SECOND)
            waits[name] += found["waits"]
            answers[name] += visitors.answers
            taken += found["taken"]
            out.say(f"slice {number + 1} of {slices}, {name}: {spread(found['waits'])}")
    with in_tenant(tenant, role=Role.VOTER):
        stored = count(rows["vote"], tenant.slug) - lying - warmed
    ours, baseline = spread(waits["with"])["p95"], spread(waits["without"])["p95"]
    return {
        "ours": ours,
        "baseline": baseline,
        "ratio": round(ours / baseline, 3),
        "with": spread(waits["with"]),
        "without": spread(waits["without"]),
        "ballots": each * slices,
        "taken": taken,
        "stored": stored,
        "pages": {name: {str(status): count for status, count in found.items()} for name, found in answers.items()},
    }


def run(size: int, out: Any) -> dict[str, Any]:
    """`size` ballots (6,400) of distinct voters at an even pace, half of them beside the hostile plugin."""
    migrate(say=out.say)
    call_command("collectstatic", interactive=False, verbosity=0)
    many = max(size or BALLOTS, CLIENTS * SLICES)
    with tempfile.TemporaryDirectory() as folder, hostile_installed(Path(folder)) as says, bench_tenant(SLUG) as tenant:
        with in_tenant(tenant):
            plugin_activate(plugin=NAME)
            rows = {"vote": round_voting(ROUND, PROJECTS), "without": round_voting("without", PROJECTS)}
            rows["with"] = round_voting("with", PROJECTS, deliberation=[NAME])
        with serving() as web:
            found = measured(web, tenant, rows, many, out)
        ways = Counter(says.read_text("utf-8").split())
    return document(found, ways)


def document(found: dict[str, Any], ways: Counter[str]) -> dict[str, Any]:
    """What was measured, and whether it holds: nothing lost, nothing slower, and the plugin did all it could."""
    whole = found["ballots"] == found["taken"] == found["stored"]
    did = all(ways[way.__name__.strip("_")] for way in hostile_module.WAYS)
    read = all(set(one) == {"200"} for one in found["pages"].values())
    return {
        "name": "hostile-plugin",
        **found,
        "hold": f"p95 ratio <= {RATIO_HOLD}; every ballot acknowledged and stored; every page answered",
        "ok": found["ratio"] <= RATIO_HOLD and whole and did and read,
        "plugin_did": dict(ways),
    }
