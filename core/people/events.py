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
class PersonErased(Event):
    """Somebody was erased at their own wish. `kept` names what stays without them."""

    kind: ClassVar[str] = "person_erased"
    person: str
    kept: list[str]
