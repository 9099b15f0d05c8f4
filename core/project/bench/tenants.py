"""Tenants that stand for the length of a bench: one in the service's database, or many in a database of their own.

A database of its own goes in one piece, and what the demo holds is neither measured nor touched. The many are made
as the service makes them, by worker processes that take what is not finished yet (`worker.py`).
"""

from __future__ import annotations

import os
import selectors
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import psycopg
from django.db import connection
from django.db.models import Max, Sum
from psycopg import sql

from core.kernel.env import environment
from core.kernel.errors import Refused, Unavailable
from core.places.national import councils
from plugins.api.text import LocalisedText
from tenants.office.fleet import _worker_environment
from tenants.office.owner import schema_drop
from tenants.office.portability import media_of
from tenants.office.provisioning import provision
from tenants.office.services import tenant_create, tenant_reserve
from tenants.office.template import migrate
from tenants.registry.context import TenantRef, in_public
from tenants.registry.hosts import forget
from tenants.registry.models import Tenant
from tenants.registry.place import Role, database_role
from tenants.registry.selectors import tenant_by_slug

DATABASE = "commonty_bench"
# What a bench's database is made from. A test names one that is migrated already.
BLANK = "template0"
PREFIX = "bench-"
WORKERS = 2
# Scotland as it is planned for: 32 councils among 1,332 tenants.
COUNCIL_EVERY = 41
SAY_SECONDS = 10.0

Say = Callable[[str], None]


# -- one, in the service's own database -------------------------------------------------------------------------------


def remove(prefix: str = PREFIX) -> int:
    """Every tenant whose address begins so, with its schema, roles and files; returns how many there were.

    Safe to run again, so what a crash left behind goes with the next bench.
    """
    with in_public():
        rows = list(Tenant.objects.filter(slug__startswith=prefix).order_by("slug"))
    for row in rows:
        # One at a time: the locks of many schemas in one transaction would not fit into the lock table.
        schema_drop(row.schema_name)
        shutil.rmtree(media_of(row.id), ignore_errors=True)
        with in_public():
            Tenant.objects.filter(id=row.id).delete()
    forget()
    return len(rows)


@contextmanager
def bench_tenant(slug: str = "bench-one", kind: str = "public_body") -> Iterator[TenantRef]:
    """A tenant of its own, gone afterwards; one that a crash left behind goes first."""
    remove(slug)
    tenant, _steps = tenant_create(slug=slug, kind=kind, name=LocalisedText("Bench"))
    try:
        yield tenant
    finally:
        remove(slug)


# -- a database of its own --------------------------------------------------------------------------------------------


def _owner(database: str) -> psycopg.Connection[Any]:
    """The owner's login on another database; it may make and drop its own."""
    return psycopg.connect(environment().migrate_database_url, dbname=database, autocommit=True, connect_timeout=10)


def _use(database: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = database
    forget()


def _exists(home: str, name: str) -> bool:
    with _owner(home) as owner:
        return owner.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def database_drop(home: str, name: str, *, say: Say) -> None:
    """The bench's database with the roles and files of its tenants; nothing where there is none."""
    if not _exists(home, name):
        return
    with _owner(name) as owner:
        known = owner.execute("SELECT to_regclass('public.registry_tenant')").fetchone()
        made = "SELECT id, schema_name FROM registry_tenant WHERE slug LIKE 'bench%'"
        rows = owner.execute(made).fetchall() if known and known[0] else []
    say(f"Dropping what the bench made: {len(rows)} tenants …")
    with _owner(home) as owner:
        owner.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        for number, (key, schema) in enumerate(rows, 1):
            for role in Role:
                owner.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(database_role(schema, role))))
            shutil.rmtree(media_of(key), ignore_errors=True)
            if number % 200 == 0:
                say(f"{number} of {len(rows)} tenants’ roles dropped …")


@contextmanager
def bench_database(name: str = DATABASE, *, keep: bool = False, say: Say) -> Iterator[str]:
    """Stand in a migrated database of the bench's own. `keep` takes one that stands already and leaves it standing."""
    home = str(connection.settings_dict["NAME"])
    if not keep:
        database_drop(home, name, say=say)
    if not _exists(home, name):
        with _owner(home) as owner:
            words = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(BLANK))
            owner.execute(words)
    _use(name)
    try:
        if BLANK == "template0":
            migrate(say=say)
        yield name
    finally:
        _use(home)
        if not keep:
            database_drop(home, name, say=say)


@contextmanager
def standing_in(name: str) -> Iterator[None]:
    """Another database of the bench for the length of a block, as `bench_database` left it."""
    before = str(connection.settings_dict["NAME"])
    _use(name)
    try:
        yield
    finally:
        _use(before)


def url_of(database: str, url: str) -> str:
    return urlsplit(url)._replace(path=f"/{database}").geturl()


# -- many -------------------------------------------------------------------------------------------------------------


@dataclass
class Made:
    """How many tenants a run has made, in how many seconds, and which worker it has killed."""

    tenants: int = 0
    seconds: float = 0.0
    killed: int = 0


def costs() -> list[float]:
    """Seconds of work for each tenant, in the order in which they were finished: what their recorded steps took."""
    with in_public():
        rows = Tenant.objects.filter(slug__startswith=PREFIX).annotate(
            took=Sum("steps__seconds"), last=Max("steps__finished_at")
        )
        return [float(took or 0.0) for took in rows.order_by("last").values_list("took", flat=True)]


def slug_of(number: int) -> str:
    return f"{PREFIX}{number:04}"


def reserve(size: int) -> None:
    """Addresses for so many tenants, councils and groups as they will be in Scotland. Safe to run again."""
    everywhere = councils()
    for number in range(size):
        if number % COUNCIL_EVERY == 0 or number == 1:
            council = everywhere[number // COUNCIL_EVERY % len(everywhere)]
            tenant_reserve(slug=slug_of(number), kind="council", name=council.name, code=council.code)
        else:
            name = LocalisedText(f"Community group {number}", f"Buidheann coimhearsnachd {number}")
            tenant_reserve(slug=slug_of(number), kind="community", name=name, parent=slug_of(0))


def crowd(size: int, *, say: Say, kill: bool = False) -> Made:
    """Make what is still missing of `size` tenants, by two workers; `kill` loses one of them half-way.

    Raises Unavailable when it takes longer than any sound machine would need.
    """
    reserve(size)
    left = size - _done()
    if left <= 0:
        return Made()
    begun = time.perf_counter()
    deadline = begun + 300 + left * 30
    made, told = Made(), set[str]()
    said = begun
    with selectors.DefaultSelector() as pipes:
        workers = [_start(pipes) for _ in range(min(WORKERS, left))]
        try:
            while pipes.get_map():
                for key, _events in pipes.select(timeout=1.0):
                    line = key.fileobj.readline()  # type: ignore[union-attr]
                    if line:
                        # One that another worker has finished meanwhile is looked at once more, and told twice.
                        told.add(line)
                        made.tenants = len(told)
                    else:
                        pipes.unregister(key.fileobj)
                if kill and not made.killed and made.tenants >= max(1, left // 2):
                    made.killed = workers[0].pid
                    workers[0].kill()
                    workers.append(_start(pipes))
                if time.perf_counter() > deadline:
                    raise Unavailable("Making the tenants took too long.", code="bench.deadline")
                if time.perf_counter() - said >= SAY_SECONDS and made.tenants:
                    said = time.perf_counter()
                    each = (said - begun) / made.tenants
                    missing = left - made.tenants
                    say(f"{made.tenants} of {left} tenants, {each:.2f} s each, about {each * missing:.0f} s left")
        finally:
            for worker in workers:
                # One that is through has closed its end and is leaving anyway.
                worker.kill()
                worker.wait(timeout=60)
                if worker.stdout is not None:
                    worker.stdout.close()
    made.seconds = time.perf_counter() - begun
    if _done() != size:
        raise Unavailable(f"{size - _done()} tenants were not made.", code="bench.tenants", remedy="Words are above.")
    return made


def _done() -> int:
    with in_public():
        rows = Tenant.objects.filter(slug__startswith=PREFIX).exclude(state=Tenant.State.REQUESTED)
        return int(rows.count())


def _start(pipes: selectors.BaseSelector) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "core.project.bench.worker"]
    worker = subprocess.Popen(words, env=_worker_environment(), stdout=subprocess.PIPE, text=True, bufsize=1)  # noqa: S603
    assert worker.stdout is not None
    pipes.register(worker.stdout, selectors.EVENT_READ)
    return worker


def work(parent: int) -> None:
    """Make one tenant after another until none is left; what another worker has in hand is left to it."""
    while os.getppid() == parent:
        with in_public():
            rows = list(
                Tenant.objects.filter(slug__startswith=PREFIX, state=Tenant.State.REQUESTED).order_by("slug")[:5]
            )
        for row in rows:
            try:
                provision(row.ref)
            except Refused:
                continue
            sys.stdout.write(f"{row.slug}\n")
            sys.stdout.flush()
            break
        else:
            if not rows:
                return
            time.sleep(0.1)


def bench_tenants() -> list[TenantRef]:
    """All of them, in the order of their addresses."""
    with in_public():
        return [row.ref for row in Tenant.objects.filter(slug__startswith=PREFIX).order_by("slug")]


def first_two() -> tuple[TenantRef, TenantRef]:
    """The two councils that are measured; they stand in every database of a bench."""
    return tenant_by_slug(slug_of(0)), tenant_by_slug(slug_of(1))


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile, in milliseconds."""
    ordered = sorted(values)
    at = min(len(ordered) - 1, int(len(ordered) * 0.95))
    return {"p50": round(statistics.median(ordered) * 1000, 1), "p95": round(ordered[at] * 1000, 1)}
