"""Who may see, change and move on a round."""

from __future__ import annotations

from core.people.access import OFFICER, ROUND_EDITORS, STAFF, STAFF_ANYWHERE
from core.people.models import Person
from core.people.selectors import roles_of, rounds_granted
from core.rounds import lifecycle
from core.rounds.models import Round
from core.rounds.selectors import rounds_all

# Making a round is the council's own act; changing one is for its managers too; reading is for all who work with it.
MAKERS = OFFICER
EDITORS = ROUND_EDITORS
READERS = STAFF
LISTERS = STAFF_ANYWHERE


def may_advance(person: Person, verb: str, round: Round) -> bool:
    """Whether this person may do this with this round now."""
    return lifecycle.may(roles_of(person, round_id=round.id), verb, round.state)


def may_edit(person: Person, round: Round) -> bool:
    """Whether this person may change the round's words, money and rules now."""
    return round.state in lifecycle.EDITABLE and EDITORS.allows(person, round_id=round.id)


def rounds_for(person: Person) -> list[Round]:
    """The rounds this person may see on the staff host: all, or those in which they hold a role."""
    return rounds_all(only=rounds_granted(person))


__all__ = ["EDITORS", "LISTERS", "MAKERS", "READERS", "may_advance", "may_edit", "rounds_for"]
