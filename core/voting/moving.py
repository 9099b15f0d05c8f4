"""What a move to another cell must know of votes: none may be under way, and the rounds' keys go along."""

from __future__ import annotations

from collections.abc import Sequence

from core.rounds.lifecycle import State
from core.rounds.models import Round
from core.voting.keys import key_names
from core.voting.models import RoundKeys
from tenants.registry.context import current_tenant

UNDER_WAY = {State.VOTING: "is open for voting", State.COUNT: "is being counted"}


class VotesMove:
    """A frozen tenant takes no ballot, so a move waits until every vote is over."""

    def obstacles(self) -> Sequence[str]:
        rows = Round.objects.filter(state__in=list(UNDER_WAY), archive=False).order_by("ballot_closes_at", "slug")
        return [f"The round “{row.name.en}” {UNDER_WAY[State(row.state)]}." for row in rows]

    def key_names(self) -> Sequence[str]:
        tenant = current_tenant().uuid
        rounds = RoundKeys.objects.order_by("round_id").values_list("round_id", flat=True)
        return [name for round_id in rounds for name in key_names(tenant, round_id)]
