"""The people of the demo: who may be picked at its sign-in page, and what they may do. Never in production."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.people.models import RoleGrant
from core.people.selectors import roles_of
from core.people.services import person_know, role_grant
from tenants.registry.context import TenantRef, in_tenant

OFFICER = RoleGrant.Role.OFFICER.value


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody who does not exist. `role` is empty for a resident."""

    subject: str
    name: str
    role: str = ""

    def claims(self) -> dict[str, object]:
        """What the demo's sign-in says of them: a verified address under a name that never exists."""
        return {"name": self.name, "email": f"{self.subject}@people.example", "email_verified": True}


RESIDENTS = (
    DemoPerson("demo-resident-1", "Demo resident Ailsa"),
    DemoPerson("demo-resident-2", "Demo resident Calum"),
    DemoPerson("demo-resident-3", "Demo resident Morag"),
)


def people_of(slug: str, name: str) -> tuple[DemoPerson, ...]:
    """Whom the sign-in page offers for a community: two officers of its own, since a count needs two, and residents."""
    if slug == "hub":
        return (DemoPerson("demo-officer-hub-1", "Demo COSLA administrator", OFFICER), *RESIDENTS)
    return (
        DemoPerson(f"demo-officer-{slug}-1", f"Demo officer of {name}", OFFICER),
        DemoPerson(f"demo-officer-{slug}-2", f"Second demo officer of {name}", OFFICER),
        *RESIDENTS,
    )


def demo_people_grant(
    *, issuer: str, tenant: TenantRef, subject: Callable[[DemoPerson], str] = lambda one: one.subject
) -> int:
    """Give the demo officers of a tenant their roles there; how many were new. Safe to run again.

    `subject` is what the issuer calls somebody at this tenant.
    """
    new = 0
    with in_tenant(tenant):
        for someone in people_of(tenant.slug, tenant.name.en):
            if not someone.role:
                continue
            person = person_know(issuer=issuer, subject=subject(someone), display_name=someone.name)
            if someone.role not in roles_of(person):
                role_grant(person=person, role=someone.role, giver=None)
                new += 1
    return new
