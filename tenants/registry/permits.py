"""Which plugins a tenant may switch on and choose for new rounds: the national team's word, in one place.

The operator's list (`COMMONTY_PLUGINS_ALLOWED`) says what runs at all. Within it everything is allowed until the
national team decides otherwise: a decision for one tenant goes before the one for all. Making a tenant, switching a
plugin on and choosing a module ask here. What an open round uses goes on.

A transaction cannot leave its tenant to look, so what was known last is given there; ask once before it begins.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection

from tenants.registry.context import in_public
from tenants.registry.models import PluginPermit

KEPT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Permit:
    """A decision as it stands, and why."""

    allowed: bool = True
    reason: str = ""


UNDECIDED = Permit()
Permits = Mapping[tuple[UUID | None, str], Permit]
_known: list[tuple[float, Permits]] = []


def permits_know() -> Permits:
    """Every decision by tenant (None: all) and plugin, asked anew every quarter minute outside transactions."""
    now = time.monotonic()
    if _known and (_known[0][0] > now or connection.in_atomic_block):
        return _known[0][1]
    if connection.in_atomic_block:
        return {}
    try:
        with in_public():
            rows = PluginPermit.objects.all()
            found: Permits = {(row.tenant_id, row.plugin): Permit(row.allowed, row.reason) for row in rows}
    except (OperationalError, InterfaceError):
        found = _known[0][1] if _known else {}
    _known[:] = [(now + KEPT_SECONDS, found)]
    return found


def permits_forget() -> None:
    """Ask anew at the next question of this process."""
    _known.clear()


def permit_of(plugin: str, tenant: UUID, permits: Permits | None = None) -> Permit:
    """The decision that holds for one plugin and tenant."""
    known = permits_know() if permits is None else permits
    return known.get((tenant, plugin)) or known.get((None, plugin)) or UNDECIDED
