"""The round's log, made after commit: no lock per vote, and mixed within each batch."""

from __future__ import annotations

from django.db import connection, transaction

from core.voting.keys import cast_keys
from core.voting.models import BallotGate, RoundKeys
from tenants.registry.context import current_tenant


class BallotSequencer:
    """Gives the ballots of open rounds their place in the log (core.audit.ports.Sequencer)."""

    def sequence(self, *, limit: int) -> int:
        """Take up to `limit` ballots of each open round into its log; returns how many."""
        done = 0
        for round_id in BallotGate.objects.filter(closed_at__isnull=True).values_list("pk", flat=True):
            wrapped = RoundKeys.objects.values_list("cast_wrapped", flat=True).get(pk=round_id)
            inner, outer = cast_keys(current_tenant().uuid, round_id, bytes(wrapped)).log_pads()
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT voting_sequence(%s, %s, %s, %s)", [round_id, inner, outer, limit])
                done += int(cursor.fetchone()[0])
        return done
