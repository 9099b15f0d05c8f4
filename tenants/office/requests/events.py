"""Facts about the link between a group and a council, in the record of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.audit.events import Event


@dataclass(frozen=True, slots=True)
class LinkChanged(Event):
    """`what` is asked, agreed or ended, by the `group` or the `council`. `shares`: what the link shows, by comma."""

    kind: ClassVar[str] = "link_changed"
    link: str
    what: str
    side: str
    shares: str
