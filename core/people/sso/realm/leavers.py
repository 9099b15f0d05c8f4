"""Officers who have left: whoever may not sign in any more holds no role either.

Their sessions end within a minute by themselves; this ends the roles, which would stand if the account were opened once
more. Run each night, over every tenant; it may die anywhere and be run again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from core.kernel.env import environment
from core.people.selectors import grants_in_force
from core.people.services import role_end, sessions_end
from core.people.sso.realm.clients import registered
from core.people.sso.realm.farewells import LOST_SHARE, MOST_LOST
from core.people.sso.realm.server import Server, segment
from core.people.sso.salts import salt_of, subject_of
from core.people.sso.sites import realm_names
from tenants.registry.context import Role, TenantRef, in_tenant

Say = Callable[[str], None]


class Directory(Protocol):
    """Says who may still sign in as an officer. A council's own directory can stand behind it as well as Keycloak."""

    def accounts_open(self) -> frozenset[str]:
        """The staff realm's accounts, by Keycloak's numbers, that are neither gone nor shut."""
        ...


@dataclass(frozen=True, slots=True)
class RealmDirectory:
    """What Keycloak itself knows: accounts that were deleted or shut there, by hand or by what a council runs."""

    server: Server

    def accounts_open(self) -> frozenset[str]:
        base = f"realms/{segment(realm_names().staff)}/users"
        return frozenset(
            str(row["id"]) for row in self.server.pages(base, briefRepresentation="true") if row["enabled"]
        )


@dataclass(frozen=True, slots=True)
class Leavers:
    """What a run did: roles ended, and tenants where more people would have left than can be true."""

    ended: int
    held_back: tuple[str, ...]


def leavers_run(directory: Directory, *, say: Say = lambda text: None) -> Leavers:
    """End the roles of officers who may not sign in any more, also that of a council's last one."""
    issuer = f"{environment().keycloak_url}/realms/{realm_names().staff}"
    tenants = [one.ref for one in registered() if one.ready and not one.gone]
    # Before the accounts: whoever becomes an officer meanwhile is looked at next time.
    officers = {tenant.uuid: _officers(tenant, issuer) for tenant in tenants}
    accounts = directory.accounts_open()
    ended, held_back = 0, []
    for tenant in tenants:
        here, salt = officers[tenant.uuid], salt_of(tenant)
        left = here - {subject_of(account, salt) for account in accounts}
        if left and (not accounts or len(left) > max(MOST_LOST, LOST_SHARE * len(here))):
            held_back.append(tenant.slug)
            say(f"{tenant.slug}: more officers have no account any more than can be true; nothing was ended")
            continue
        ended += _end(tenant, issuer, left)
    say(f"{ended} roles of officers who have left were ended")
    return Leavers(ended, tuple(held_back))


def _officers(tenant: TenantRef, issuer: str) -> set[str]:
    with in_tenant(tenant, role=Role.WORKER):
        return {one.person.subject for one in grants_in_force() if one.person.issuer == issuer}


def _end(tenant: TenantRef, issuer: str, subjects: set[str]) -> int:
    """End what these people hold and their sessions; how many roles."""
    if not subjects:
        return 0
    with in_tenant(tenant, role=Role.WORKER):
        gone = [one for one in grants_in_force() if one.person.issuer == issuer and one.person.subject in subjects]
        for grant in gone:
            role_end(grant=grant, actor=None)
        for subject in subjects:
            sessions_end(issuer=issuer, subject=subject)
        return len(gone)
