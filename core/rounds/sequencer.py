"""What time does to rounds (core.audit.ports.Hourly): a vote whose modules are gone stands still until they return."""

from __future__ import annotations

from core.kernel import telemetry
from core.kernel.errors import Refused
from core.rounds.choices import voting_without
from core.rounds.lifecycle import Reason
from core.rounds.services import round_advance


def votes_stop(*, limit: int) -> int:
    """Suspend each vote that depends on a module that does not load here. Returns how many.

    plugin-contract.md 4: rounds depending on a plugin that cannot be imported or registered are suspended, loudly.
    Nobody could fill in their ballots, or be counted. People resume; `core.rounds.parts.ModulesStand` refuses until
    the module is back.
    """
    stopped = 0
    for row, missing in voting_without()[:limit]:
        names = ", ".join(key for _kind, key in missing)
        telemetry.logger(__name__).error("voting is suspended, as these modules do not load: %s", names)
        try:
            round_advance(round=row, verb="suspend", actor=None, reason_code=Reason.FAULT.value)
        except Refused as refused:
            # Somebody has closed it meanwhile. The other votes are looked at all the same.
            telemetry.logger(__name__).warning("voting was not suspended: %s", refused.code)
        else:
            stopped += 1
    return stopped
