"""What is done after commit while voting is open: the round's log, and the close when its time has come."""

from __future__ import annotations

from django.db import transaction

from core.kernel import telemetry
from core.kernel.clock import database_now
from core.kernel.errors import NotFound, Refused
from core.rounds.lifecycle import State
from core.rounds.models import Round
from core.rounds.services import round_advance
from core.voting.keys import cast_keys
from core.voting.log import log_write
from core.voting.models import BallotGate, RoundKeys
from tenants.registry.context import current_tenant


class BallotSequencer:
    """Gives the ballots of open rounds their place in the log (core.audit.ports.Sequencer)."""

    def sequence(self, *, limit: int) -> int:
        """Take up to `limit` ballots of each open round into its log; returns how many."""
        done = 0
        for round_id in BallotGate.objects.filter(closed_at__isnull=True).values_list("pk", flat=True):
            wrapped = RoundKeys.objects.values_list("cast_wrapped", flat=True).get(pk=round_id)
            try:
                keys = cast_keys(current_tenant().uuid, round_id, bytes(wrapped))
            except NotFound:
                # One round's lost key must not stop what others wait for.
                telemetry.logger(__name__).error("the key of a round with voting open is gone: %s", round_id)
                continue
            with transaction.atomic():
                done += log_write(round_id, keys, limit=limit)
        return done


class ClosingTimes:
    """Asks for the close of rounds whose voting time is over; the round itself decides (core.audit.ports.Sequencer).

    The gate has refused ballots since that time by itself. Sealing soon after takes away what links a ballot.
    """

    def sequence(self, *, limit: int) -> int:
        due = BallotGate.objects.filter(closed_at__isnull=True, closes_at__lte=database_now())
        done = 0
        for row in Round.objects.filter(
            pk__in=list(due.values_list("pk", flat=True)[:limit]), state=State.VOTING.value
        ):
            try:
                round_advance(round=row, verb="close_voting", actor=None)
            except Refused as refused:
                telemetry.logger(__name__).warning("voting was not closed at its time: %s", refused.code)
            else:
                done += 1
        return done
