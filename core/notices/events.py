"""Facts about how messages travel. None tells of a message or a person."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from core.audit.events import Event


@dataclass(frozen=True, slots=True)
class ChannelsChosen(Event):
    """The channels that carry this tenant's messages from now on, the first first; none is the service's own mail."""

    kind: ClassVar[str] = "channels_chosen"
    channels: list[str] = field(default_factory=list)
