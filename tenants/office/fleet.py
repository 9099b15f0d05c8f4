"""Bringing every tenant's schema to the release of the template, and knowing where each one stands.

The ledger is the queue: workers, one process each, take what is pending, canaries first. A worker that dies leaves a
row that says "running" and a lock that has ended with it; whoever finds both goes on from where it was. Nothing is
asked of a schema whose ledger already says it has this release.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import psycopg
from django.db import DatabaseError, connection, transaction
from django.db.models import Count, F
from django.utils import timezone

from core.kernel import telemetry
from core.kernel.env import environment
from core.kernel.errors import CommontyError, Unavailable
from tenants.office.catalogue import differences, lines_digest, structure_lines
from tenants.office.migrating import Plans
from tenants.office.models import SchemaRelease, TemplateRelease
from tenants.office.owner import SchemaLocks, checkpoint, django_as_owner, owner_connection, schema_locks
from tenants.office.protection import grants_apply, roles_make, seal_apply
from tenants.office.provisioning import ground
from tenants.office.shortcut import Hand, Shortcut, StructureDiffers, shortcut
from tenants.office.template import latest_release
from tenants.registry.context import TenantRef, as_owner, in_public
from tenants.registry.models import Tenant
from tenants.registry.place import PUBLIC
from tenants.registry.selectors import GONE

State = SchemaRelease.State
CANARIES = 2
ATTEMPTS = 3
POLL_SECONDS = 0.3
SAY_SECONDS = 5.0
SCHEMAS_PER_CONNECTION = 50
AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class FleetCount:
    """Where the fleet stands for one release; `skipped` had it before this run began."""

    release: str
    schemas: int
    done: int
    skipped: int
    failed: int
    waiting: int
    seconds: float
    failures: tuple[dict[str, Any], ...] = ()


# -- the ledger -------------------------------------------------------------------------------------------------------


def release_now() -> TemplateRelease:
    """Raises Unavailable when the template was never migrated."""
    release = latest_release()
    if release is None:
        raise Unavailable(
            "There is no template schema yet.", code="template.missing", remedy="Run `commonty migrate` first."
        )
    return release


def _canary_first(row: Tenant) -> tuple[bool, int, str]:
    """A practice space before a real one, a group before a council, the hub last."""
    order = [Tenant.Kind.COMMUNITY, Tenant.Kind.PUBLIC_BODY, Tenant.Kind.COUNCIL, Tenant.Kind.HUB]
    return (row.state != Tenant.State.PRACTICE, order.index(Tenant.Kind(row.kind)), row.slug)


def ledger_fill(release: TemplateRelease, *, again: bool) -> int:
    """A row for each schema that has none for this release; returns how many schemas have it already.

    `again` puts back what failed earlier.
    """
    with owner_connection() as owner:
        present = {str(row[0]) for row in owner.execute("SELECT nspname FROM pg_namespace").fetchall()}
    with in_public(), transaction.atomic():
        known = set(SchemaRelease.objects.filter(release=release).values_list("tenant_id", flat=True))
        tenants = [row for row in Tenant.objects.exclude(id__in=known) if row.schema_name in present]
        tenants.sort(key=_canary_first)
        canaries = CANARIES if not known else 0
        SchemaRelease.objects.bulk_create(
            [
                SchemaRelease(tenant=row, release=release, state=State.PENDING, cohort=0 if number < canaries else 1)
                for number, row in enumerate(tenants)
            ],
            ignore_conflicts=True,
        )
        rows = SchemaRelease.objects.filter(release=release)
        if again:
            rows.filter(state=State.FAILED).update(state=State.PENDING, attempts=0, error="")
        return rows.filter(state=State.DONE).count()


def fleet_status(release: TemplateRelease, *, skipped: int = 0, begun: float | None = None) -> FleetCount:
    """Where each schema stands, in one look at the ledger."""
    with in_public():
        rows = SchemaRelease.objects.filter(release=release)
        by_state = dict(rows.values_list("state").annotate(Count("id")))
        failed = rows.filter(state=State.FAILED).select_related("tenant")
        failures = tuple(
            {"slug": row.tenant.slug, "schema": row.tenant.schema_name, "attempts": row.attempts, "error": row.error}
            for row in failed[:50]
        )
        # One that was only asked for has no schema yet, and will be cloned from the newest release.
        without = (
            Tenant.objects.exclude(state__in=(*GONE, Tenant.State.REQUESTED)).exclude(releases__release=release).count()
        )
    return FleetCount(
        release=release.mark[:12],
        schemas=sum(by_state.values()) + without,
        done=by_state.get(State.DONE, 0) - skipped,
        skipped=skipped,
        failed=by_state.get(State.FAILED, 0),
        waiting=by_state.get(State.PENDING, 0) + by_state.get(State.RUNNING, 0) + without,
        seconds=round(time.perf_counter() - begun, 2) if begun is not None else 0.0,
        failures=failures,
    )


# -- one worker -------------------------------------------------------------------------------------------------------


@contextmanager
def _ledger() -> Iterator[None]:
    """Stand in `public` on the owner's connection, which a worker keeps for all its work."""
    with as_owner(PUBLIC):
        yield


def _claim(release_id: int, locks: SchemaLocks, max_failures: int) -> Iterator[SchemaRelease]:
    """What there is to do, one after the other, each held while it is being done."""
    while True:
        with _ledger():
            rows = SchemaRelease.objects.filter(release_id=release_id)
            if _stopped(release_id, max_failures):
                return
            open_rows = rows.filter(state__in=(State.PENDING, State.RUNNING)).order_by("cohort", "id")
            first = open_rows.first()
            if first is None:
                return
            # The rest wait until every canary is through.
            candidates = list(open_rows.filter(cohort=first.cohort).select_related("tenant")[:AT_ONCE])
        # Two workers that begin at different places seldom ask for the same one.
        at = os.getpid() * 7 % AT_ONCE
        candidates = candidates[at:] + candidates[:at]
        any_taken = False
        for row in candidates:
            with locks.held(row.tenant.schema_name) as ours:
                taken = _taken(row, max_failures) if ours else None
                if taken is not None:
                    any_taken = True
                    yield taken
        if not any_taken:
            time.sleep(POLL_SECONDS)


def _stopped(release_id: int, max_failures: int) -> bool:
    """So many have failed, or a canary has: nobody goes on."""
    failed = SchemaRelease.objects.filter(release_id=release_id, state=State.FAILED)
    cohorts = list(failed.values_list("cohort", flat=True))
    return len(cohorts) >= max_failures or 0 in cohorts


def _taken(row: SchemaRelease, max_failures: int) -> SchemaRelease | None:
    """Mark a row as ours, unless it was done meanwhile or all was stopped; one that has killed its workers is given up.

    Whoever has the schema's lock is alone with its row.
    """
    with _ledger():
        if _stopped(row.release_id, max_failures):
            return None
        fresh = SchemaRelease.objects.get(pk=row.pk)
        if fresh.state not in (State.PENDING, State.RUNNING):
            return None
        if fresh.attempts >= ATTEMPTS:
            SchemaRelease.objects.filter(pk=row.pk).update(
                state=State.FAILED, error=fresh.error or "the worker was lost each time", finished_at=timezone.now()
            )
            return None
        fresh.state, fresh.attempts, fresh.tenant = State.RUNNING, fresh.attempts + 1, row.tenant
        fresh.save(update_fields=["state", "attempts"])
    return fresh


class _Ways:
    """What leads from an earlier release to this one, worked out once for each of them."""

    def __init__(self, release: TemplateRelease) -> None:
        self._release = release
        self._known: dict[int, Shortcut | None] = {}

    def of(self, tenant_id: Any) -> Shortcut | None:
        """The way of a schema, by what the ledger says it has; None where it must be looked at as a whole."""
        with _ledger():
            had = SchemaRelease.objects.filter(tenant_id=tenant_id, state=State.DONE).exclude(release=self._release)
            # A clone has its first release from the start, and no moment at which it was brought to it.
            newest = had.order_by(F("finished_at").desc(nulls_last=True), "-id").values_list("release_id", flat=True)
            before = newest.first()
            if before is None:
                return None
            if before not in self._known:
                self._known[before] = shortcut(TemplateRelease.objects.get(pk=before), self._release)
        return self._known[before]


def worker_run(release_id: int, *, max_failures: int, parent: int = 0) -> int:
    """Take from the ledger until nothing is left, too much has failed, or the parent is gone; returns how many."""
    handled = 0
    hand = Hand()
    plans = Plans()
    try:
        with schema_locks() as locks, django_as_owner():
            with _ledger():
                release = TemplateRelease.objects.get(pk=release_id)
            ways = _Ways(release)
            for row in _claim(release_id, locks, max_failures):
                _one(row, release, plans, ways, hand)
                hand.rest()
                handled += 1
                if handled % SCHEMAS_PER_CONNECTION == 0:
                    connection.close()
                if parent and os.getppid() != parent:
                    break
    finally:
        hand.close()
    return handled


def _one(row: SchemaRelease, release: TemplateRelease, plans: Plans, ways: _Ways, hand: Hand) -> None:
    begun = time.perf_counter()
    state, error = State.DONE, ""
    try:
        way = ways.of(row.tenant_id)
        if way is not None and hand.bring(row.tenant.ref, row.pk, way):
            return
        schema_bring(row.tenant.ref, release, plans, hand, first=row.attempts == 1)
    except (CommontyError, DatabaseError, psycopg.Error, ValueError, LookupError) as raised:
        state, error = State.FAILED, f"{type(raised).__name__}: {raised}"[:2000]
        telemetry.logger(__name__).error("a schema could not be migrated: %s", row.tenant.schema_name)
    with _ledger():
        SchemaRelease.objects.filter(pk=row.pk).update(
            state=state, error=error, seconds=time.perf_counter() - begun, finished_at=timezone.now()
        )


def schema_bring(tenant: TenantRef, release: TemplateRelease, plans: Plans, hand: Hand, *, first: bool = True) -> None:
    """One schema to this release: Django's migrations, then seal, roles and rights, then the comparison.

    On a connection of the owner. Raises StructureDiffers when the schema is not as the template is afterwards.
    """
    with as_owner(tenant.schema, tenant=tenant, timeouts="fleet"):
        changed = plans.schema_migrate()
    owner = hand.connection
    with owner.transaction():
        owner.execute("SET LOCAL lock_timeout = '2s'")
        seal_apply(owner, tenant)
        roles_make(owner, tenant)
        grants_apply(owner, tenant)
        lines = structure_lines(owner, tenant.schema)
    if lines_digest(lines) != release.fingerprint:
        raise StructureDiffers(
            "The schema differs from the template: " + "; ".join(differences(lines, release.lines)),
            code="schema.differs",
            remedy="Mend what is named, then run `commonty fleet migrate --resume`.",
        )
    if changed or not first:
        # An earlier attempt may have ended between a new table and its content type.
        with as_owner(tenant.schema, tenant=tenant, timeouts="fleet"), transaction.atomic():
            ground(tenant, changed if first else ())


# -- all of it --------------------------------------------------------------------------------------------------------


def _worker_environment() -> dict[str, str]:
    """This process's own environment, with the database it really uses: a test or a bench has its own."""
    settings = environment()
    name = str(connection.settings_dict["NAME"])

    def named(url: str) -> str:
        return urlsplit(url)._replace(path=f"/{name}").geturl()

    return {
        **os.environ,
        "COMMONTY_DATABASE_URL": named(settings.database_url),
        "COMMONTY_MIGRATE_DATABASE_URL": named(settings.migrate_database_url),
    }


def _worker_start(command: Sequence[str], release: TemplateRelease, max_failures: int) -> subprocess.Popen[bytes]:
    words = [*command, "--release", str(release.pk), "--max-failures", str(max_failures), "--parent", str(os.getpid())]
    return subprocess.Popen(words, env=_worker_environment(), stdin=subprocess.DEVNULL)  # noqa: S603  # our own words


def fleet_migrate(
    *,
    command: Sequence[str],
    workers: int = 2,
    max_failures: int = 5,
    resume: bool = False,
    say: Callable[[str], None] = lambda text: None,
) -> FleetCount:
    """Bring every schema to the template's release with so many processes; stops after `max_failures`.

    `command` is how a worker is started: a process that calls `worker_run` with what is added to it.
    Called again it goes on with what is left; `resume` also tries what has failed.
    """
    begun = time.perf_counter()
    release = release_now()
    skipped = ledger_fill(release, again=resume)
    count = fleet_status(release, skipped=skipped, begun=begun)
    if not count.waiting or count.failed >= max_failures:
        return count
    left = count.waiting
    running = [_worker_start(command, release, max_failures) for _ in range(min(workers, left))]
    said = time.perf_counter()
    lost = 0
    try:
        while running:
            time.sleep(POLL_SECONDS)
            ended = [one for one in running if one.poll() is not None]
            running = [one for one in running if one.poll() is None]
            count = fleet_status(release, skipped=skipped, begun=begun)
            for one in ended:
                # A worker that was killed is replaced while there is something left for it.
                if one.returncode != 0 and count.waiting and lost < ATTEMPTS * workers:
                    lost += 1
                    say(f"A worker ended with {one.returncode}; another takes its place.")
                    running.append(_worker_start(command, release, max_failures))
            if time.perf_counter() - said >= SAY_SECONDS:
                said = time.perf_counter()
                say(_progress(count, left))
    finally:
        for one in running:
            one.terminate()
        for one in running:
            one.wait(timeout=30)
    # What a crash would otherwise make the server do again, for every schema that was touched.
    checkpoint()
    return fleet_status(release, skipped=skipped, begun=begun)


def _progress(count: FleetCount, left: int) -> str:
    through = left - count.waiting
    estimate = f"about {count.seconds / through * count.waiting:.0f} s left" if through else "no estimate yet"
    return f"{through} of {left} schemas, {count.failed} failed, {estimate}"
