"""Facts that pages record themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.audit.events import Event


@dataclass(frozen=True, slots=True)
class ContributionModerated(Event):
    """A moderator has decided about something a resident wrote. What was written and why stays with the module."""

    kind: ClassVar[str] = "contribution_moderated"
    module: str
    item: str
    decision: str
