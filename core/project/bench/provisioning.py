"""Making a tenant by cloning the template's structure, against migrating the same schema from nothing."""

from __future__ import annotations

import statistics
import time
import uuid
from typing import Any

from django.core.management import call_command
from django.core.management.commands.migrate import Command as Migrate

from core.places.national import councils
from core.places.provisioning import areas_step
from core.project.services import services_up
from tenants.office.owner import django_as_owner, schema_drop, schema_make
from tenants.office.provisioning import clone_structure, ground, roles, seal
from tenants.office.services import schema_name
from tenants.office.template import migrate
from tenants.registry.context import TenantRef, as_owner, in_tenant

RATIO_HOLD = 12.0
SECONDS_HOLD = 1.5


def _tenant() -> TenantRef:
    council = councils()[0]
    return TenantRef(
        uuid=uuid.uuid4(),
        slug="bench",
        kind="council",
        schema=schema_name(),
        name=council.name,
        state="active",
        code=council.code,
    )


def _ours() -> float:
    tenant = _tenant()
    begun = time.perf_counter()
    for step in (clone_structure, seal, roles):
        step(tenant)
    with in_tenant(tenant):
        ground(tenant)
        areas_step(tenant)
    seconds = time.perf_counter() - begun
    schema_drop(tenant.schema)
    return seconds


def _baseline() -> float:
    schema = schema_name()
    schema_make(schema)
    begun = time.perf_counter()
    with django_as_owner(), as_owner(schema):
        call_command(Migrate(), interactive=False, verbosity=0, skip_checks=True)
    seconds = time.perf_counter() - begun
    schema_drop(schema)
    return seconds


def run(size: int, out: Any) -> dict[str, Any]:
    """Median seconds of `size` clones (10) with one migration from nothing before and one after."""
    services_up()
    migrate(say=out.say)
    runs = size or 10
    before = _baseline()
    out.say(f"migrating from nothing: {before:.2f} s")
    ours = [_ours() for _ in range(runs)]
    after = _baseline()
    median = statistics.median(ours)
    baseline = (before + after) / 2
    ratio = baseline / median
    return {
        "name": "provisioning",
        "ours": round(median, 3),
        "baseline": round(baseline, 3),
        "ratio": round(ratio, 1),
        "hold": f"ratio >= {RATIO_HOLD:g} and ours <= {SECONDS_HOLD} s",
        "ok": ratio >= RATIO_HOLD and median <= SECONDS_HOLD,
        "runs": runs,
        "slowest": round(max(ours), 3),
    }
