"""Facts about a tenant's own address and its sender, for its record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.audit.events import Event


@dataclass(frozen=True, slots=True)
class OwnHostChanged(Event):
    """`state` is asked, proved, lost or ended."""

    kind: ClassVar[str] = "own_host_changed"
    host: str
    state: str


@dataclass(frozen=True, slots=True)
class MainHostChanged(Event):
    """The canonical public host, which links, letters and the editors' pages name."""

    kind: ClassVar[str] = "main_host_changed"
    host: str


@dataclass(frozen=True, slots=True)
class OwnSenderChanged(Event):
    """`state` is asked, good, lost or ended; the address is an office's, not a person's."""

    kind: ClassVar[str] = "own_sender_changed"
    address: str
    state: str
