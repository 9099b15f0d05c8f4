"""The round's log of recorded ballots: kind, receipt and keyed mark of the box, mixed within each batch."""

from __future__ import annotations

from uuid import UUID

from core.voting.keys import CastKeys
from tenants.registry.prepared import prepared_row

SEQUENCE = "SELECT voting_sequence(%s::uuid, %b::bytea, %b::bytea, %s::integer)"


def log_write(round_id: UUID, keys: CastKeys, *, limit: int | None) -> int:
    """Take up to `limit` ballots into the log, in a transaction of the caller's; returns how many.

    The pads are as good as the key, so they travel as values and never as the text of a statement, which the server
    would write into its own log when the statement fails.
    """
    return int(prepared_row(SEQUENCE, (round_id, *keys.log_pads(), limit))[0])
