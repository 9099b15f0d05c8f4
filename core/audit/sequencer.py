"""The round through the tenants: chain what has committed, hand out what waits. Poked tenants at once, all in turn."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from uuid import UUID

from django.db import DatabaseError, connection

from core.audit.outbox import SERVED, outbox_dispatch
from core.audit.poke import poked
from core.audit.ports import sequencers
from core.audit.services import events_chain
from core.kernel import telemetry
from core.kernel.errors import Unavailable
from tenants.registry.context import Role, TenantRef, in_tenant
from tenants.registry.selectors import tenant_by_uuid, tenant_refs

SWEEP_SECONDS = 5.0
WAIT_SECONDS = 1.0
BATCH = 500


def tenant_visit(tenant: TenantRef) -> int:
    """Hand out, chain and sequence in one tenant; returns how many rows were moved."""
    if tenant.state not in SERVED:
        return 0
    with in_tenant(tenant, role=Role.WORKER):
        moved = outbox_dispatch(limit=BATCH) + events_chain(limit=BATCH)
        return moved + sum(part.sequence(limit=BATCH) for part in sequencers())


def _visit_safely(tenant: TenantRef) -> None:
    """One tenant's trouble is logged by its identifier and does not stop the others."""
    try:
        while tenant_visit(tenant) >= BATCH:
            pass
    except (DatabaseError, Unavailable) as error:
        telemetry.logger(__name__).warning("tenant %s left for later: %s", tenant.uuid, type(error).__name__)
        connection.close()


def run(stop: threading.Event, *, tick: Callable[[], float] = time.monotonic) -> None:
    """Go round until told to stop: at a poke within milliseconds, without one every few seconds."""
    swept = -SWEEP_SECONDS
    while not stop.is_set():
        if tick() - swept >= SWEEP_SECONDS:
            _sweep(stop)
            swept = tick()
        found = poked(seconds=WAIT_SECONDS)
        if found is None:
            stop.wait(WAIT_SECONDS)
            continue
        for uuid in found:
            _poke_answer(uuid)


def _poke_answer(uuid: UUID) -> None:
    try:
        tenant = tenant_by_uuid(uuid)
    except DatabaseError:
        connection.close()
        return
    if tenant is not None:
        _visit_safely(tenant)


def _sweep(stop: threading.Event) -> None:
    try:
        tenants = tenant_refs()
    except DatabaseError:
        connection.close()
        return
    for tenant in tenants:
        if stop.is_set():
            return
        _visit_safely(tenant)
