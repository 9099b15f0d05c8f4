"""When records are looked at again, and how long silence is borne."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from core.audit.services import job_enqueue
from core.kernel.clock import database_now
from core.kernel.jobs import Job
from tenants.registry.context import Role, in_public, in_tenant
from tenants.registry.models import Tenant

# What nobody can answer for stays in use this long; what was answered with "no" does not stay at all.
PATIENCE = timedelta(days=3)
AGAIN = timedelta(hours=1)
NIGHT = time(2, 30)
HERE = ZoneInfo("Europe/London")
MOST_DUE = 200
# Jobs of other tenants are not done; a suspended one's records are looked at once it is resumed.
LOOKED_AT = (Tenant.State.PRACTICE, Tenant.State.ACTIVE, Tenant.State.LEAVING)


def tonight() -> datetime:
    """The next moment at which records are looked at anyway."""
    now = database_now().astimezone(HERE)
    night = datetime.combine(now.date(), NIGHT, tzinfo=HERE)
    return night if night > now else datetime.combine(now.date() + timedelta(days=1), NIGHT, tzinfo=HERE)


def looks_ask(model: type, job: Job) -> int:
    """Have what is due of one kind looked at again, by a job of the tenant whose it is; returns how many."""
    rows = model.objects  # type: ignore[attr-defined]  # OwnHost or OwnSender
    with in_public():
        now = database_now()
        due = list(rows.filter(next_look_at__lte=now, tenant__state__in=LOOKED_AT).select_related("tenant")[:MOST_DUE])
        # A job that is lost is asked for again.
        rows.filter(pk__in=[row.pk for row in due]).update(next_look_at=now + AGAIN)
    for row in due:
        with in_tenant(row.tenant.ref, role=Role.WORKER), transaction.atomic():
            job_enqueue(job, payload={"row": str(row.pk)})
    return len(due)
