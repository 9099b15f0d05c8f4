"""Who may move a round on."""

from __future__ import annotations

from core.people.models import Person
from core.people.selectors import roles_of
from core.rounds import lifecycle
from core.rounds.models import Round


def may_advance(person: Person, verb: str, round: Round) -> bool:
    """Whether this person may do this with this round now."""
    return lifecycle.may(roles_of(person, round_id=round.id), verb, round.state)
