"""What time does to offers (core.audit.ports.Sequencer): those that ran out lapse, and pots learn what is free."""

from __future__ import annotations

from django.db.models import F

from core.rounds.delegation.models import DelegationAct
from core.rounds.delegation.selectors import ledger_bound
from core.rounds.delegation.services import offers_refresh
from tenants.office.delegation.rules import Act
from tenants.office.delegation.services import offers_lapse
from tenants.registry.context import current_tenant


class OfferTimes:
    """The ledger is everybody's, so one visit lapses offers for all: the national site's."""

    def sequence(self, *, limit: int) -> int:
        done = offers_lapse() if current_tenant().is_hub else 0
        offers = DelegationAct.objects.filter(act=Act.OFFER.value, state=DelegationAct.State.BOOKED)
        if offers.filter(amount__gt=F("freed")).exists():
            offers_refresh(ledger_bound())
        return done
