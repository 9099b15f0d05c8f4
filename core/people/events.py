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
class GroupRoleListed(Event):
    """An officer had a group of the council's own sign-in propose a role."""

    kind: ClassVar[str] = "group_role_listed"
    group: str
    role: str


@dataclass(frozen=True, slots=True)
class GroupRoleUnlisted(Event):
    kind: ClassVar[str] = "group_role_unlisted"
    group: str
    role: str


@dataclass(frozen=True, slots=True)
class RoleProposalDeclined(Event):
    """A role that a group had proposed was not given; where it was given, `RoleGranted` says so."""

    kind: ClassVar[str] = "role_proposal_declined"
    role: str
    person: str


@dataclass(frozen=True, slots=True)
class AccountsLinked(Event):
    """Somebody made two accounts of theirs one. Nobody but they themselves is told which."""

    kind: ClassVar[str] = "accounts_linked"


@dataclass(frozen=True, slots=True)
class PersonErased(Event):
    """Somebody was erased at their own wish. `kept` names what stays without them."""

    kind: ClassVar[str] = "person_erased"
    person: str
    kept: list[str]
