"""What a worker does: the count."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from core.rounds.lifecycle import State
from core.rounds.models import Round
from core.voting.tally import tally_run


def tally_handle(payload: dict[str, Any]) -> None:
    """Count the round named; nothing when it has moved on in the meantime."""
    round_id = UUID(payload["round"])
    if Round.objects.filter(pk=round_id, state=State.COUNT.value).exists():
        tally_run(round_id=round_id)
