"""Making a tenant that somebody asked for on a page: a worker does it, step by step, and invites whoever comes first.

The page that asks runs in the national site; addresses travel encrypted in its outbox and are opened in the new
tenant, so that nobody reads them on the way.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid5

from django.db import transaction

from core.audit.services import job_enqueue
from core.kernel.crypto import token_open, token_seal
from core.kernel.errors import NotFound
from core.kernel.jobs import Job, Queue
from core.setup.practice import practice_round
from core.setup.services import invite, tell_invited
from tenants.office.provisioning import provision
from tenants.office.requests.services import practice_begin
from tenants.registry.context import Role, in_tenant
from tenants.registry.hosts import forget
from tenants.registry.selectors import tenant_by_uuid

MAKE_JOB = Job("setup.make", Queue.PROVISIONING)
TELL_JOB = Job("setup.tell", Queue.DEFAULT)
FIRST_PURPOSE = "setup/first"


def tenant_ask(*, tenant: UUID, first: list[str], language: str, practice: bool) -> None:
    """Have a reserved tenant made by a worker and these addresses invited as its first officers."""
    sealed = token_seal(FIRST_PURPOSE, tenant, {"to": first, "language": language}, ttl=None)
    with transaction.atomic():
        job_enqueue(MAKE_JOB, payload={"tenant": str(tenant), "practice": practice, "first": sealed})


def tenant_make(payload: dict[str, Any]) -> None:
    """The worker's part, outside every transaction; done again it does what is missing."""
    uuid = UUID(payload["tenant"])
    tenant = tenant_by_uuid(uuid)
    if tenant is None:
        raise NotFound("There is no such tenant.", code="tenant.unknown")
    provision(tenant)
    if payload["practice"]:
        practice_begin(tenant=uuid)
    forget()
    first = token_open(FIRST_PURPOSE, uuid, payload["first"])
    with in_tenant(tenant, role=Role.WORKER):
        if payload["practice"]:
            practice_round(actor=None)
        for address in first["to"]:
            invite(address=address, language=first["language"], new_id=uuid5(uuid, address))


def space_tell(*, space: UUID, state: str) -> None:
    """Have the group told that its request was answered. Call in a transaction of whoever answered."""
    job_enqueue(TELL_JOB, payload={"space": str(space), "state": state})


def space_told(payload: dict[str, Any]) -> None:
    """The worker's part, outside every transaction."""
    tenant = tenant_by_uuid(UUID(payload["space"]))
    if tenant is None:
        return
    with in_tenant(tenant, role=Role.WORKER):
        tell_invited(template="space-answered", context={"state": payload["state"]})
