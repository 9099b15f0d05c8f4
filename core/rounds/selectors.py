"""Reads of rounds."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from core.kernel.env import environment
from core.kernel.errors import NotFound
from core.rounds.lifecycle import State
from core.rounds.models import FundSource, Pot, Round, RoundTransition, RuleSet
from plugins.api.money import Money
from tenants.registry.context import current_tenant
from tenants.registry.hosts import origin

HIDDEN = (State.DESIGN.value,)


def round_by_slug(slug: str, *, visible_only: bool = False) -> Round:
    """The round with this address. Raises NotFound."""
    found = Round.objects.filter(slug=slug)
    if visible_only:
        found = found.exclude(state__in=HIDDEN)
    row = found.first()
    if row is None:
        raise NotFound("There is no such round.", code="round.not_found")
    return row


def round_locked(round: Round) -> Round:
    """The round as it stands now, locked until the transaction ends: for changes that depend on what was read."""
    return Round.objects.select_for_update().get(pk=round.pk)


def round_id_of(slug: str) -> UUID | None:
    """The round that a word of an address names, for access rules that look at one round."""
    return Round.objects.filter(slug=slug).values_list("id", flat=True).first()


def rounds_visible() -> list[Round]:
    """Rounds that residents may see, newest first."""
    return list(Round.objects.exclude(state__in=HIDDEN).order_by("-created_at"))


def rounds_all(*, only: frozenset[UUID] | None = None) -> list[Round]:
    """Every round, for officers, newest first; or those of `only`, for people whose role is limited to them."""
    found = Round.objects.filter(archive=False).order_by("-created_at")
    return list(found if only is None else found.filter(id__in=only))


def pots_of(round: Round) -> list[Pot]:
    """The pots with their sources, in two queries."""
    return list(Pot.objects.filter(round=round).prefetch_related("sources").order_by("name", "id"))


def fund_source_of(round: Round, source_id: UUID) -> FundSource:
    """One source of this round's money. Raises NotFound."""
    row = FundSource.objects.filter(pot__round=round, id=source_id).select_related("pot__round").first()
    if row is None:
        raise NotFound("There is no such fund source.", code="fund.not_found")
    return row


def transitions_of(round: Round) -> list[RoundTransition]:
    """The steps a round has taken, newest first."""
    return list(RoundTransition.objects.filter(round=round).order_by("-made_at", "-id"))


def sources_of(round: Round) -> list[FundSource]:
    """Where the money of every pot of the round comes from."""
    return list(FundSource.objects.filter(pot__round=round).order_by("name", "id"))


def pot_total(round: Round) -> Money:
    """The sum of the fund sources of every pot of the round."""
    return sum((source.amount for source in sources_of(round)), Money(0))


def rules_of(round: Round) -> RuleSet | None:
    """The latest rules."""
    return RuleSet.objects.filter(round=round).order_by("-version").first()


def public_facts(round_id: UUID) -> dict[str, Any] | None:
    """What may be said of a round outside its council; `{"public": False}` once it is no longer shown.

    None for a round that nobody outside has ever seen, of which nothing need be said.
    """
    row = Round.objects.get(id=round_id)
    if row.state in HIDDEN or row.is_practice or row.archive:
        return {"public": False} if RoundTransition.objects.filter(round=row).exists() else None
    last = RoundTransition.objects.filter(round=row).order_by("-made_at").first()
    tenant = current_tenant()
    return {
        "public": True,
        "slug": row.slug,
        "name": {"en": row.name.en, "gd": row.name.gd},
        "state": row.state,
        "since": (last.made_at if last else row.created_at).isoformat(),
        "opens": row.ballot_opens_at.isoformat() if row.ballot_opens_at else None,
        "closes": row.ballot_closes_at.isoformat() if row.ballot_closes_at else None,
        "area": row.area_name,
        "pot_pence": pot_total(row).minor,
        "demo": row.is_demo,
        "url": f"{origin(f'{tenant.slug}.{environment().base_domain}')}/rounds/{row.slug}/",
    }
