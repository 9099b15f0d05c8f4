"""Reads of rounds."""

from __future__ import annotations

from core.kernel.errors import NotFound
from core.rounds.lifecycle import State
from core.rounds.models import FundSource, Round, RuleSet
from plugins.api.money import Money

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


def rounds_visible() -> list[Round]:
    """Rounds that residents may see, newest first."""
    return list(Round.objects.exclude(state__in=HIDDEN).order_by("-created_at"))


def rounds_all() -> list[Round]:
    """Every round, for officers, newest first."""
    return list(Round.objects.order_by("-created_at"))


def pot_total(round: Round) -> Money:
    """The sum of the fund sources of every pot of the round."""
    return sum((source.amount for source in FundSource.objects.filter(pot__round=round)), Money(0))


def rules_of(round: Round) -> RuleSet | None:
    """The latest rules."""
    return RuleSet.objects.filter(round=round).order_by("-version").first()
