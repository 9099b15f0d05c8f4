"""Reads of requests and links."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from core.kernel.clock import database_now
from core.kernel.errors import NotFound
from tenants.office.models import ProvisioningStep
from tenants.office.requests.models import GroupLink, SpaceRequest
from tenants.registry.context import TenantRef, in_public


@dataclass(frozen=True, slots=True)
class Request:
    """A request as those who answer it see it, and the group itself."""

    id: UUID
    space: TenantRef
    standing: str
    host_body: str
    area: str
    purpose: str
    council: TenantRef | None
    state: str
    words: str
    reply: str
    asked_at: datetime
    due_at: datetime

    @property
    def open(self) -> bool:
        return self.state in (SpaceRequest.State.WAITING, SpaceRequest.State.ASKED)

    @property
    def late(self) -> bool:
        return self.state == SpaceRequest.State.WAITING and self.due_at < database_now()


@dataclass(frozen=True, slots=True)
class Link:
    """A link, or a wish for one, as both sides see it."""

    id: UUID
    group: TenantRef
    council: TenantRef
    shares: tuple[str, ...]
    asked_by: str
    agreed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Making:
    """How far a tenant's creation is."""

    name: str
    state: str
    seconds: float
    error: str


def _request(row: SpaceRequest) -> Request:
    return Request(
        id=row.id,
        space=row.space.ref,
        standing=row.standing,
        host_body=row.host_body,
        area=row.area,
        purpose=row.purpose,
        council=row.council.ref if row.council else None,
        state=row.state,
        words=row.words,
        reply=row.reply,
        asked_at=row.asked_at,
        due_at=row.due_at,
    )


def _requests() -> Any:
    return SpaceRequest.objects.select_related("space", "council")


def requests_for(tenant: TenantRef) -> list[Request]:
    """What this tenant may answer, the most pressing first: the national site all, a council those that name it."""
    with in_public():
        rows = _requests() if tenant.is_hub else _requests().filter(council_id=tenant.uuid)
        return [_request(row) for row in rows]


def request_of(request: UUID, *, reader: TenantRef | None = None) -> Request:
    """Raises NotFound, also for one that is not this reader's to answer."""
    with in_public():
        row = _requests().filter(pk=request).first()
    if row is None or not (reader is None or reader.is_hub or row.council_id == reader.uuid):
        raise NotFound("There is no such request.", code="request.unknown")
    return _request(row)


def request_by_space(space: UUID) -> Request | None:
    """The request behind a group's own space."""
    with in_public():
        row = _requests().filter(space_id=space).first()
    return _request(row) if row else None


def links_of(tenant: UUID) -> list[Link]:
    """Open links and wishes of one side."""
    with in_public():
        rows = GroupLink.objects.select_related("group", "council").filter(
            Q(group_id=tenant) | Q(council_id=tenant), ended_at__isnull=True
        )
        return [
            Link(row.id, row.group.ref, row.council.ref, tuple(row.shares), row.asked_by, row.agreed_at) for row in rows
        ]


def making_of(tenant: UUID) -> list[Making]:
    """The recorded steps of a tenant's creation, in order."""
    with in_public():
        rows = ProvisioningStep.objects.filter(tenant_id=tenant)
        return [Making(row.name, row.state, row.seconds, row.error) for row in rows]
