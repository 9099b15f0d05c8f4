"""What must stand before voting opens, as far as messages go: where voters get a code on their phone, a channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.kernel.errors import NotFound
from core.notices.carrying import reaches
from core.rounds.lifecycle import GuardFailure
from core.rounds.models import Round
from plugins.api import RecipientFacts, Text
from plugins.host.selectors import eligibility_proof

# A number that Ofcom keeps for drama: it is asked about and never called.
SOME_PHONE = RecipientFacts(phone="+447700900000")
NO_CHANNEL = GuardFailure(
    "round.no_channel",
    Text(
        "Voters would get a code on their phone, and no channel carries text messages.",
        "Gheibheadh luchd-bhòtaidh còd air a’ fòn, agus chan eil seanail ann a ghiùlaineas teacsaichean.",
    ),
    Text(
        "Choose a channel for text messages under Modules, How messages travel.",
        "Tagh seanail airson teacsaichean fo Mhòdalan, Mar a shiubhlas teachdaireachdan.",
    ),
)


class CodesReach:
    """Voting opens only where the codes it stands on can be sent."""

    name = "notices"
    verbs = frozenset({"open_voting"})

    def guards(self, round: Round) -> Sequence[GuardFailure]:
        for key in round.proofs:
            try:
                by = getattr(eligibility_proof(key), "by", "")
            except NotFound:
                continue
            if by == "phone" and not reaches(SOME_PHONE):
                return [NO_CHANNEL]
        return []

    def effect(self, round: Round, actor: Any) -> None:
        """Nothing to do: the channels stand."""
