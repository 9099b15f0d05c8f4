"""What time does to own addresses (core.audit.ports.Sequencer): their records are looked at again each night."""

from __future__ import annotations

import time

from tenants.office.hosts.models import OwnHost, OwnSender
from tenants.office.hosts.sender import SENDER_LOOK_JOB
from tenants.office.hosts.services import LOOK_JOB
from tenants.office.hosts.times import looks_ask
from tenants.registry.context import current_tenant

# The question costs every visit a query, and nothing here is due to the minute.
SECONDS = 60.0


class RecordTimes:
    """The registry is everybody's, so one visit asks for all: the national site's."""

    def __init__(self) -> None:
        self._next = 0.0

    def sequence(self, *, limit: int) -> int:
        if not current_tenant().is_hub or time.monotonic() < self._next:
            return 0
        self._next = time.monotonic() + SECONDS
        return looks_ask(OwnHost, LOOK_JOB) + looks_ask(OwnSender, SENDER_LOOK_JOB)
