"""Reads of the tenant's own side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from core.kernel.errors import NotFound
from core.rounds import lifecycle
from core.rounds.delegation.models import DelegationAct
from core.rounds.models import FundSource, Pot, Round
from plugins.api.money import Money
from tenants.office.delegation.rules import Act
from tenants.office.delegation.selectors import DelegationLine, delegations_of
from tenants.registry.context import current_tenant

State = DelegationAct.State


def bound_by(lines: Iterable[DelegationLine]) -> dict[UUID, int]:
    """What of each delegation still binds the giver's pot, in pence."""
    return {one.id: one.balances.pending + one.balances.unspent + one.balances.awarded for one in lines}


def ledger_bound() -> dict[UUID, int]:
    """The same, read now. Call outside a transaction."""
    tenant = current_tenant().uuid
    return bound_by(line for line in delegations_of(tenant) if line.giver.uuid == tenant)


def pot_available(pot: Pot, bound: Mapping[UUID, int]) -> Money:
    """What of a pot can still be offered: never more than is there, also while offers are under way.

    An offer the ledger did not hold when `bound` was read counts whole.
    """
    offers = DelegationAct.objects.filter(pot=pot.id, act=Act.OFFER.value).exclude(state=State.REFUSED)
    taken = sum(bound.get(one.delegation, one.amount.minor) for one in offers)
    return Money(max(0, pot.total().minor - taken))


def pots_open() -> list[Pot]:
    """Pots of rounds in which no vote has opened: parts of these can be offered."""
    rows = Pot.objects.filter(round__state__in=lifecycle.EDITABLE, round__archive=False)
    return list(rows.select_related("round").prefetch_related("sources").order_by("round__created_at", "name", "id"))


def pot_of(pot: UUID) -> Pot:
    """Raises NotFound."""
    row = Pot.objects.filter(pk=pot).select_related("round").first()
    if row is None:
        raise NotFound("There is no such pot.", code="pot.not_found", remedy="Choose one from the list.")
    return row


def acts_of(delegation: UUID) -> list[DelegationAct]:
    """This tenant's acts on one delegation, in the order in which they were asked for."""
    return list(DelegationAct.objects.filter(delegation=delegation))


def offers_unbooked() -> list[DelegationAct]:
    """Offers of this tenant that the ledger does not hold: on their way, or refused."""
    return list(DelegationAct.objects.filter(act=Act.OFFER.value).exclude(state=State.BOOKED).order_by("-asked_at"))


def placed(delegation: UUID) -> FundSource | None:
    """The fund source that this delegation's money became here, with its round; None while it is in no round."""
    return FundSource.objects.filter(delegation=delegation).select_related("pot__round").first()


def rounds_open() -> list[Round]:
    """Rounds into which money can still be put."""
    found = Round.objects.filter(state__in=lifecycle.EDITABLE, archive=False, is_practice=False)
    return list(found.order_by("-created_at"))
