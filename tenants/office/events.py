"""Facts about a tenant's place in the service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.audit.events import Event


@dataclass(frozen=True, slots=True)
class TenantStateChanged(Event):
    """`suspended`, or the state it went back to. The reason is for everybody; who decided it, in words."""

    kind: ClassVar[str] = "tenant_state_changed"
    state: str
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class TenantArrived(Event):
    """The record goes on after a file was `imported` or `restored` here. What was given out before `epoch` is void."""

    kind: ClassVar[str] = "tenant_arrived"
    how: str
    digest: str
    epoch: int


@dataclass(frozen=True, slots=True)
class LookChanged(Event):
    """`accent` is #rrggbb, or empty for the service's own colour."""

    kind: ClassVar[str] = "look_changed"
    accent: str


@dataclass(frozen=True, slots=True)
class QuotaSet(Event):
    """In the national site's record: `tenant` is empty for all together, `most` None for the default again."""

    kind: ClassVar[str] = "quota_set"
    tenant: str
    what: str
    most: int | None
