"""What a worker would do, at once and in this process: everything a tenant's outbox holds."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from core.audit import outbox, ports
from tenants.registry.context import Role, in_tenant


class _AtOnce:
    def __init__(self) -> None:
        self.waiting: list[dict[str, Any]] = []

    def hand_over(self, *, task: str, queue: str, tenant: UUID, message: UUID) -> None:
        self.waiting.append({"task": task, "header": str(tenant), "body": str(tenant), "message": str(message)})


def work(tenant: Any) -> int:
    """Do what waits, and what that causes, until nothing is left; returns how many messages were done."""
    carrier, done = _AtOnce(), 0
    before = list(ports._carrier)
    ports.bind_carrier(carrier)
    try:
        while True:
            with in_tenant(tenant, role=Role.WORKER):
                outbox.outbox_dispatch()
            if not carrier.waiting:
                return done
            taken, carrier.waiting = carrier.waiting, []
            for message in taken:
                outbox.message_run(**message)
                done += 1
    finally:
        ports._carrier[:] = before
