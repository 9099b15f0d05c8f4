"""What time does to rounds: a vote whose modules are gone stands still until they are back."""

from __future__ import annotations

import time
from uuid import UUID

from core.kernel import telemetry
from core.rounds.choices import voting_without
from core.rounds.lifecycle import Reason
from core.rounds.services import round_advance
from tenants.registry.context import current_tenant

AGAIN_SECONDS = 3600.0


class ModulesGone:
    """Suspends each vote that depends on a module that does not load here (core.audit.ports.Sequencer).

    plugin-contract.md 4: rounds depending on a plugin that cannot be imported or registered are suspended, loudly.
    Nobody could fill in their ballots, or be counted. Looked at when the process starts, which is when a plugin may
    have gone, and once an hour. People resume; `core.rounds.parts.ModulesStand` refuses until the module is back.
    """

    def __init__(self) -> None:
        self._next: dict[UUID, float] = {}

    def sequence(self, *, limit: int) -> int:
        tenant, now = current_tenant().uuid, time.monotonic()
        if now < self._next.get(tenant, 0.0):
            return 0
        self._next[tenant] = now + AGAIN_SECONDS
        stopped = voting_without()[:limit]
        for row, missing in stopped:
            telemetry.logger(__name__).error(
                "voting is suspended, as these modules do not load: %s", ", ".join(key for _kind, key in missing)
            )
            round_advance(round=row, verb="suspend", actor=None, reason_code=Reason.FAULT.value)
        return len(stopped)
