"""Who may see and who may change projects. Steering members and observers read; officers and managers write."""

from __future__ import annotations

from core.people.access import ROUND_EDITORS, STAFF
from core.people.models import Person
from core.rounds.lifecycle import EDITABLE
from core.rounds.models import Round

READERS = STAFF
EDITORS = ROUND_EDITORS


def may_edit(person: Person, round: Round) -> bool:
    """Whether this person may change projects of this round now."""
    return round.state in EDITABLE and EDITORS.allows(person, round_id=round.id)


__all__ = ["EDITORS", "READERS", "may_edit"]
