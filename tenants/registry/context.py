"""The only door into a tenant.

`in_tenant(tenant)` for one tenant, `each_tenant()` for all in turn, `in_public()` for the registry itself (used by
`tenants` alone). Outside them every query fails. Nobody changes place inside a transaction: a row written for one
tenant and a row written for another can never stand or fall together.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection, connections

from core.kernel.errors import CommontyError
from plugins.api.text import LocalisedText
from tenants.registry.place import NOWHERE, REGISTRY, Place, Role, owner_place, tenant_place

__all__ = [
    "NoTenant",
    "Role",
    "TenantRef",
    "as_owner",
    "current_role",
    "current_tenant",
    "each_tenant",
    "in_public",
    "in_tenant",
    "tenant_or_none",
]

# A backend keeps up to a megabyte for each tenant it has visited, so a connection is given up after this many.
TENANTS_PER_CONNECTION = 50


class NoTenant(CommontyError):
    """Code that needs a tenant ran outside every tenant."""

    def __init__(self, message: str = "No tenant has been entered.") -> None:
        super().__init__(message, code="tenant.none", remedy="Enter one with in_tenant().")


class ForeignTransaction(CommontyError):
    """Another place was asked for while a transaction is open here."""

    def __init__(self) -> None:
        super().__init__(
            "A transaction is open, so another tenant may not be entered.",
            code="tenant.in_transaction",
            remedy="End the transaction first.",
        )


@dataclass(frozen=True, slots=True)
class TenantRef:
    """What code may know of the tenant it is in. A value: holding it keeps no row and no connection."""

    uuid: UUID
    slug: str
    kind: str
    schema: str
    name: LocalisedText
    state: str
    code: str = ""
    accent: str = ""
    epoch: int = 1
    # Why it is suspended, in words for everybody; empty while it is not.
    reason: str = ""
    # The address its mail comes from, once its domain's records allow it, and where replies to ours go meanwhile.
    mail_from: str = ""
    mail_reply: str = ""

    @property
    def is_suspended(self) -> bool:
        """Everybody reads on; nobody but the service itself writes."""
        return self.state == "suspended"

    @property
    def is_hub(self) -> bool:
        return self.kind == "hub"

    def of_epoch(self, purpose: str) -> str:
        """The purpose of a token that opens something: none from before a restore or a move opens it (AB52).

        The key is made for the purpose, so the check costs nothing of its own.
        """
        return f"{purpose}/{self.epoch}"


_current: ContextVar[tuple[TenantRef, Role] | None] = ContextVar("commonty_tenant", default=None)
_visited: ContextVar[frozenset[str]] = ContextVar("commonty_visited", default=frozenset())


def current_tenant() -> TenantRef:
    """The tenant this code runs in. Raises NoTenant outside one."""
    entered = _current.get()
    if entered is None:
        raise NoTenant
    return entered[0]


def tenant_or_none() -> TenantRef | None:
    entered = _current.get()
    return entered[0] if entered else None


def current_role() -> Role:
    entered = _current.get()
    if entered is None:
        raise NoTenant
    return entered[1]


@contextmanager
def _stand(place: Place, tenant: tuple[TenantRef, Role] | None) -> Iterator[None]:
    wrapper = cast(Any, connections[DEFAULT_DB_ALIAS])
    before: Place = wrapper.place
    if place != before:
        if wrapper.in_atomic_block:
            raise ForeignTransaction
        # Whoever fences others in hears of it before it happens (plugins.host.fence).
        sys.audit("commonty.enter", place.schema)
    mark = _current.set(tenant)
    wrapper.enter(place)
    try:
        yield
    finally:
        _current.reset(mark)
        if wrapper.place == place and wrapper.in_atomic_block and place != before:
            # Somebody left a transaction open: what it holds must not be committed from another place.
            wrapper.close()
        wrapper.enter(before)


@contextmanager
def in_tenant(tenant: Any, *, role: Role = Role.STAFF) -> Iterator[TenantRef]:
    """Stand in one tenant as one of its roles. Takes a TenantRef or a Tenant row.

    Raises ForeignTransaction inside another place's transaction.
    """
    ref = tenant if isinstance(tenant, TenantRef) else cast(TenantRef, tenant.ref)
    visited = _visited.get()
    if ref.schema not in visited:
        if len(visited) >= TENANTS_PER_CONNECTION and not connection.in_atomic_block:
            connection.close()
            visited = frozenset()
        _visited.set(visited | {ref.schema})
    with _stand(tenant_place(ref.schema, ref.uuid, role), (ref, role)):
        yield ref


@contextmanager
def in_public() -> Iterator[None]:
    """Stand in the registry. For services and selectors of `tenants` only."""
    with _stand(REGISTRY, None):
        yield


@contextmanager
def as_owner(schema: str, *, tenant: TenantRef | None = None, timeouts: str = "owner") -> Iterator[None]:
    """Stand in a schema as its owner, to migrate it; only on a connection of the owner's login.

    Where a tenant is named its rows may be written, as a migration that fills a new column does.
    """
    place = owner_place(schema, tenant.uuid if tenant else None, timeouts)
    with _stand(place, (tenant, Role.WORKER) if tenant else None):
        yield


def each_tenant(*, role: Role = Role.WORKER, kinds: tuple[str, ...] = ()) -> Iterator[TenantRef]:
    """Every active tenant in turn, entered for the length of one loop body."""
    from_registry = _refs(kinds)
    for ref in from_registry:
        with in_tenant(ref, role=role):
            yield ref


def _refs(kinds: tuple[str, ...]) -> list[TenantRef]:
    from tenants.registry.selectors import tenant_refs

    return tenant_refs(kinds=kinds)


def leave_everything() -> None:
    """Back to nowhere, whatever happened: the middleware's last word."""
    wrapper = cast(Any, connections[DEFAULT_DB_ALIAS])
    if wrapper.in_atomic_block:
        wrapper.close()
    wrapper.enter(NOWHERE)
