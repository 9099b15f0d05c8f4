"""Which realm a host signs in at, and as which client."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.kernel.env import environment

CALLBACK = "/sign-in/callback/"
BACK_CHANNEL = "/sign-out/back-channel/"
# Whoever has signed out comes to the front page, in the language of the page they left.
SIGNED_OUT = {"public": ("/", "/gd/"), "staff": ("/",)}
# The scope by which a council asks what a national provider has told of who signs in.
PROOF = "commonty-proof"
# … and the one by which it asks in which groups its own provider has named an officer.
GROUPS = "commonty-groups"
PURPOSES = ("public", "staff")


class RealmKind(StrEnum):
    """The two realms; the values name the realm files."""

    RESIDENTS = "scotland"
    STAFF = "scotland-staff"


@dataclass(frozen=True, slots=True)
class RealmNames:
    """What the realms are called on the server of this installation."""

    residents: str
    staff: str

    def of(self, kind: RealmKind) -> str:
        return self.staff if kind is RealmKind.STAFF else self.residents


def realm_names() -> RealmNames:
    settings = environment()
    return RealmNames(settings.keycloak_realm, settings.keycloak_staff_realm)


def realm_kind(tenant_kind: str, purpose: str) -> RealmKind:
    """Officers of councils, public bodies and COSLA have the staff's realm; everybody else is a resident there."""
    return RealmKind.STAFF if purpose == "staff" and tenant_kind != "community" else RealmKind.RESIDENTS


def client_id(slug: str, purpose: str) -> str:
    """One client for each tenant and host, so that a token for one is worth nothing at another."""
    return f"commonty-{slug}" + ("-staff" if purpose == "staff" else "")
