"""Deleting a national account: every tenant that knows the person forgets them first, the account goes last.

A tenant knows a person by a subject of its own, and Keycloak by an account; only the operator, who may list the
accounts, can tell which belong together, from the tenants' salts. Nothing of that is written down: each run computes
it anew, so that a run may die anywhere and the next one goes on. It also finds accounts that were deleted at Keycloak's
side, whose people the tenants then forget.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction

from core.audit.services import job_enqueue
from core.kernel.env import environment
from core.people.models import Farewell, Person, PersonAlias
from core.people.privacy import ERASE_JOB
from core.people.selectors import roles_anywhere
from core.people.sso.realm.clients import registered
from core.people.sso.realm.server import Server, segment
from core.people.sso.salts import salt_of, subject_of
from core.people.sso.sites import realm_names
from tenants.registry.context import Role, TenantRef, in_tenant

# An account that is not found may be one of many that a wrong realm or half a backup has lost: then nobody is erased.
MOST_LOST, LOST_SHARE = 20, 0.05
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Farewells:
    """What a run did: accounts deleted, wishes that wait, erasures asked for, tenants where too many were lost."""

    deleted: int
    waiting: int
    asked: int
    held_back: tuple[str, ...]


def farewells_run(server: Server, *, say: Say = lambda text: None) -> Farewells:
    """One run over every tenant. Safe to repeat, and to be ended anywhere."""
    realm = realm_names().residents
    base = f"realms/{segment(realm)}/users"
    issuer = f"{environment().keycloak_url}/realms/{realm}"
    tenants = [one.ref for one in registered() if one.ready and not one.gone]
    salts = {tenant.uuid: salt_of(tenant) for tenant in tenants}
    # Before the people are read: whoever registers meanwhile is listed next time and missed by nobody now.
    people = {tenant.uuid: _people(tenant, issuer) for tenant in tenants}
    accounts = [str(row["id"]) for row in server.pages(base, briefRepresentation="true")]
    asked, wishes = 0, 0
    held_back: list[str] = []
    leaving: set[str] = set()
    for tenant in tenants:
        by_subject = {subject_of(account, salts[tenant.uuid]): account for account in accounts}
        wished = _wishes(tenant, issuer)
        wishes += len(wished)
        leaving |= {by_subject[subject] for subject in wished if subject in by_subject}
        lost = people[tenant.uuid] - by_subject.keys() - wished
        if len(lost) > max(MOST_LOST, LOST_SHARE * len(people[tenant.uuid])) or (lost and not accounts):
            held_back.append(tenant.slug)
            say(f"{tenant.slug}: {len(lost)} people have no account any more; that is too many to be true")
            continue
        asked += _erase(tenant, issuer, lost)
    known: set[str] = set()
    for tenant in tenants:
        mine = {subject_of(account, salts[tenant.uuid]): account for account in leaving}
        here = people[tenant.uuid] & mine.keys()
        known |= {mine[subject] for subject in here}
        asked += _erase(tenant, issuer, here)
    deleted = 0
    for account in sorted(leaving - known):
        server.call("DELETE", f"{base}/{segment(account)}", missing=None)
        deleted += 1
    granted = 0
    # Where accounts are missing that should be there, no wish is taken for granted either.
    for tenant in tenants if not held_back else ():
        granted += _granted(tenant, issuer, keep={subject_of(one, salts[tenant.uuid]) for one in leaving & known})
    waiting = wishes - granted
    say(f"{deleted} accounts deleted, {waiting} wishes wait for tenants, {asked} erasures asked for")
    return Farewells(deleted, waiting, asked, tuple(held_back))


def _people(tenant: TenantRef, issuer: str) -> set[str]:
    """Every subject by which the tenant knows somebody, an account that was linked with another one too."""
    with in_tenant(tenant, role=Role.WORKER):
        found = [kind.objects.filter(issuer=issuer).values_list("subject", flat=True) for kind in (Person, PersonAlias)]
        return {subject for rows in found for subject in rows}


def _wishes(tenant: TenantRef, issuer: str) -> set[str]:
    with in_tenant(tenant, role=Role.WORKER):
        return set(Farewell.objects.filter(issuer=issuer).values_list("subject", flat=True))


def _erase(tenant: TenantRef, issuer: str, subjects: set[str]) -> int:
    """Ask the tenant's workers; whoever holds a role there waits until it has ended. A linked account goes alone."""
    with in_tenant(tenant, role=Role.WORKER):
        with transaction.atomic():
            asked, _by_table = PersonAlias.objects.filter(issuer=issuer, subject__in=subjects).delete()
        for person in Person.objects.filter(issuer=issuer, subject__in=subjects):
            if roles_anywhere(person):
                continue
            with transaction.atomic():
                job_enqueue(ERASE_JOB, payload={"person": str(person.public_id)})
            asked += 1
    return asked


def _granted(tenant: TenantRef, issuer: str, *, keep: set[str]) -> int:
    """Forget the wishes whose account is gone; how many."""
    with in_tenant(tenant, role=Role.WORKER), transaction.atomic():
        return Farewell.objects.filter(issuer=issuer).exclude(subject__in=keep).delete()[0]
