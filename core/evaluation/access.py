"""Who may choose, answer and read what a round is judged by."""

from __future__ import annotations

from core.evaluation.models import Sheet
from core.people.access import ROUND_EDITORS, ROUND_TEAM, STAFF
from core.people.models import Person
from plugins.api import Audience

READERS = STAFF
EDITORS = ROUND_EDITORS
RESIDENTS = frozenset({Audience.PARTICIPANT.value, Audience.NON_PARTICIPANT.value, Audience.PROPOSER.value})
"""Audiences that answer on the public website, unknown to anybody."""


def may_choose(person: Person, sheet_round: object) -> bool:
    """Whether this person may choose frameworks, and open and close sheets."""
    return EDITORS.allows(person, round_id=getattr(sheet_round, "id", None))


def may_answer(person: Person, sheet: Sheet) -> bool:
    """Whether this person answers a sheet as one of those it is for."""
    if sheet.audience in RESIDENTS:
        return False
    rule = ROUND_TEAM if sheet.audience == Audience.STEERING_MEMBER.value else ROUND_EDITORS
    return rule.allows(person, round_id=sheet.round_id)


__all__ = ["EDITORS", "READERS", "RESIDENTS", "may_answer", "may_choose"]
