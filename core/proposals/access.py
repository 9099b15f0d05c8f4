"""Who may change a project."""

from core.people.access import ROUND_TEAM

EDITORS = ROUND_TEAM
