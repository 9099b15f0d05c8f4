"""A release that changes nothing, and one additive migration, in every tenant of many; then the same killed half-way.

The migration is a real one that adds a column. It is taken back by hand first, as the owner, in the template and in
every schema, and the ledger says of each that it has that earlier release; then the template is migrated again, as an
operator does. The command is the operator's own, with its start and its workers.
"""

from __future__ import annotations

import json
import resource
import signal
import statistics
import subprocess
import sys
import time
from typing import Any

import psutil
from psycopg import sql

from core.kernel.errors import Unavailable
from core.project.bench.tenants import WORKERS, bench_database, bench_tenants, crowd
from tenants.office.fleet import _worker_environment, fleet_status, release_now
from tenants.office.inspection import fleet_findings
from tenants.office.models import SchemaRelease
from tenants.office.owner import checkpoint, owner_connection
from tenants.office.template import migrate, release_record
from tenants.registry.context import in_public
from tenants.registry.place import TEMPLATE

# The newest migration of Wagtail's users app adds one column.
ADDITIVE = ("wagtailusers", "0015_userprofile_keyboard_shortcuts", "wagtailusers_userprofile", "keyboard_shortcuts")
NOTHING_HOLD = 5.0
MIGRATION_HOLD = 60.0
PLANNED = 1332
TENANTS = 60
SCHEMAS_PER_CONNECTION = 50
COMMAND = (sys.executable, "-m", "core.project.cli", "--json", "fleet", "migrate", "--workers", str(WORKERS))
PATIENCE_SECONDS = 1800.0


def _started() -> subprocess.Popen[str]:
    return subprocess.Popen(COMMAND, env=_worker_environment(), stdout=subprocess.PIPE, text=True)  # noqa: S603


def _migrated(what: str, out: Any) -> tuple[float, dict[str, Any]]:
    """Seconds of `commonty fleet migrate` from its start to its end, and what it says of itself."""
    begun = time.perf_counter()
    said, _ = _started().communicate(timeout=PATIENCE_SECONDS)
    seconds = time.perf_counter() - begun
    found: dict[str, Any] = json.loads(said)
    out.say(f"{what}: {seconds:.1f} s, {found['done']} done, {found['skipped']} skipped, {found['failed']} failed")
    return seconds, found


def _taken_back(out: Any) -> None:
    """The template and every schema as they were one additive migration ago, in the ledger too; then the template
    migrated again, so that every schema is one release behind."""
    tenants = bench_tenants()
    with owner_connection() as owner:
        _without_column(owner, TEMPLATE)
    earlier = release_record({})
    for at in range(0, len(tenants), SCHEMAS_PER_CONNECTION):
        with owner_connection() as owner:
            owner.execute("SET synchronous_commit = off")
            for tenant in tenants[at : at + SCHEMAS_PER_CONNECTION]:
                _without_column(owner, tenant.schema)
                owner.commit()
    with in_public():
        SchemaRelease.objects.all().delete()
        done = SchemaRelease.State.DONE
        SchemaRelease.objects.bulk_create(
            [SchemaRelease(tenant_id=tenant.uuid, release=earlier, state=done) for tenant in tenants]
        )
    migrate(say=out.say)
    # What this has written is not for the measured command's own checkpoint to write down.
    checkpoint()
    out.say(f"{len(tenants)} schemas are one release behind.")


def _without_column(owner: Any, schema: str) -> None:
    app, name, table, column = ADDITIVE
    place, done = sql.Identifier(schema, table), sql.Identifier(schema, "django_migrations")
    owner.execute(sql.SQL("ALTER TABLE {} DROP COLUMN IF EXISTS {}").format(place, sql.Identifier(column)))
    owner.execute(sql.SQL("DELETE FROM {} WHERE app = %s AND name = %s").format(done), [app, name])


def _killed_half_way(size: int, out: Any) -> int:
    """Start the command, kill it and its workers once half is done; returns how many schemas were done by then."""
    release = release_now()
    command = _started()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (done := fleet_status(release).done) < size // 2:
        if command.poll() is not None or time.monotonic() > deadline:
            raise Unavailable("The migration ended before it could be killed.", code="bench.fleet")
        time.sleep(0.1)
    processes = [*psutil.Process(command.pid).children(recursive=True), psutil.Process(command.pid)]
    for process in processes:
        process.send_signal(signal.SIGKILL)
    psutil.wait_procs(processes, timeout=30)
    command.communicate()
    out.say(f"Killed after {done} of {size}.")
    return done


def _processor(used: resource.struct_rusage) -> float:
    return used.ru_utime + used.ru_stime


def measured(size: int, out: Any, *, proof: bool = True) -> dict[str, Any]:
    """The three runs, in the bench's database with `size` tenants.

    `proof` looks at every schema afterwards, line by line; who does so later anyway need not do it twice.
    """
    nothing, idle = _migrated("nothing to do", out)
    _taken_back(out)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds, whole = _migrated("one additive migration", out)
    processor = _processor(resource.getrusage(resource.RUSAGE_CHILDREN)) - _processor(used)
    with in_public():
        spent = list(SchemaRelease.objects.filter(release=release_now()).values_list("seconds", flat=True))
    each = sum(spent) / len(spent) / WORKERS
    out.say(f"of which each schema {statistics.median(spent) * 1000:.0f} ms (median), by {WORKERS} workers")
    _taken_back(out)
    done = _killed_half_way(size, out)
    again, rest = _migrated("the rest, resumed", out)
    findings: list[Any] = []
    if proof:
        out.say("Looking at every schema …")
        findings = fleet_findings(release_now(), say=out.say)[1]
    return {
        "name": "fleet",
        "ours": round(seconds, 2),
        "baseline": round(nothing, 2),
        "ratio": round(seconds / nothing, 2),
        "hold": f"nothing to do <= {NOTHING_HOLD:g} s; migration <= {MIGRATION_HOLD:g} s; resumed: all done, none bad",
        "ok": nothing <= NOTHING_HOLD
        and seconds <= MIGRATION_HOLD
        and (idle["done"], whole["done"], rest["done"] + rest["skipped"]) == (0, whole["schemas"], rest["schemas"])
        and not (whole["failed"] or rest["failed"] or findings),
        "tenants": size,
        "seconds_a_tenant": round(each, 4),
        # Starting Python and its workers costs the same for every number of tenants.
        "seconds_to_start": round(seconds - each * size, 2),
        "processor_seconds": round(processor, 1),
        f"seconds_at_{PLANNED}": round(seconds - each * size + each * PLANNED, 1),
        "killed_after": done,
        "resumed_seconds": round(again, 2),
        "findings": [str(finding) for finding in findings[:20]],
    }


def run(size: int, out: Any, *, keep: bool = False) -> dict[str, Any]:
    """`size` (60) tenants: nothing to do, one additive migration, and the same killed half-way and resumed."""
    size = size or TENANTS
    with bench_database(keep=keep, say=out.say):
        crowd(size, say=out.say)
        return measured(size, out)
