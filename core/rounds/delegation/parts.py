"""No pound is decided twice: a pot of which a part is entrusted to a group is not put to this tenant's own vote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.rounds.delegation.models import DelegationAct
from core.rounds.lifecycle import GuardFailure
from core.rounds.models import Round
from plugins.api.text import Text
from tenants.office.delegation.rules import Act

ENTRUSTED = GuardFailure(
    "round.entrusted",
    Text(
        "A part of this round's money is entrusted to a group, and would be decided twice.",
        "Tha pàirt de airgead na cuairt seo air earbsadh ri buidheann, agus rachadh co-dhùnadh mu dheidhinn dà thuras.",
    ),
    Text(
        "Keep the money for groups in a round of its own, or take the offer back.",
        "Cùm an t-airgead do bhuidhnean ann an cuairt leis fhèin, no thoir an tairgse air ais.",
    ),
)


class NothingEntrusted:
    """Voting opens only on money that is this tenant's own to decide."""

    name = "delegation"
    verbs = frozenset({"open_voting"})

    def guards(self, round: Round) -> Sequence[GuardFailure]:
        pots = list(round.pots.values_list("id", flat=True))
        offers = DelegationAct.objects.filter(pot__in=pots, act=Act.OFFER.value)
        bound = any(one.amount > one.freed for one in offers.exclude(state=DelegationAct.State.REFUSED))
        return [ENTRUSTED] if bound else []

    def effect(self, round: Round, actor: Any) -> None:
        """Nothing to do: the pot is whole."""
