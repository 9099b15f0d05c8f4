"""What time does to answers (core.audit.ports.Sequencer): they go when their framework's days are over."""

from __future__ import annotations

import time
from uuid import UUID

from core.evaluation.services import answers_expire
from tenants.registry.context import current_tenant

# Nothing here is due to the hour, and the question costs a visit a query.
SECONDS = 3600.0


class AnswersEnd:
    """Asks each tenant once an hour."""

    def __init__(self) -> None:
        self._next: dict[UUID, float] = {}

    def sequence(self, *, limit: int) -> int:
        tenant, now = current_tenant(), time.monotonic()
        if tenant.is_hub or now < self._next.get(tenant.uuid, 0.0):
            return 0
        self._next[tenant.uuid] = now + SECONDS
        return answers_expire()
