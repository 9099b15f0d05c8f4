"""Who may have the box opened and counted."""

from __future__ import annotations

from core.people.models import Person, RoleGrant
from core.people.selectors import roles_of
from core.rounds.models import Round

OPENERS = frozenset(
    {RoleGrant.Role.OFFICER.value, RoleGrant.Role.ROUND_MANAGER.value, RoleGrant.Role.STEERING_MEMBER.value}
)


def may_open(person: Person, round: Round) -> bool:
    """Officers, and managers and steering members of this round."""
    return person.is_active and bool(OPENERS & roles_of(person, round_id=round.id))


def may_count(person: Person, round: Round) -> bool:
    """Whoever may have the box opened may have it counted again after a failure."""
    return may_open(person, round)
