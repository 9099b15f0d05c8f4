"""Facts about roles that others may learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.audit.events import Event


@dataclass(frozen=True, slots=True)
class RoleGranted(Event):
    kind: ClassVar[str] = "role_granted"
    grant: str
    role: str
    person: str


@dataclass(frozen=True, slots=True)
class StrangeAddress(Event):
    """The council's own provider stated an address that is not of the council: for whoever watches over sign-ins."""

    kind: ClassVar[str] = "strange_address"
    person: str
    provider: str
    domain: str


@dataclass(frozen=True, slots=True)
class RoleEnded(Event):
    kind: ClassVar[str] = "role_ended"
    grant: str
    role: str


@dataclass(frozen=True, slots=True)
class PersonErased(Event):
    """Somebody was erased at their own wish. `kept` names what stays without them."""

    kind: ClassVar[str] = "person_erased"
    person: str
    kept: list[str]
