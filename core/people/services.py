"""Writes about people: who they are here, and what they may do."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from core.audit.services import event_record
from core.people.events import RoleEnded, RoleGranted
from core.people.models import Person, RoleGrant


def person_know(*, issuer: str, subject: str, display_name: str = "") -> Person:
    """The person behind a verified sign-in, made at the first one."""
    with transaction.atomic():
        person, made = Person.objects.get_or_create(
            issuer=issuer, subject=subject, defaults={"display_name": display_name[:80], "password": "!"}
        )
    if not made and display_name and person.display_name != display_name[:80]:
        with transaction.atomic():
            Person.objects.filter(pk=person.pk).update(display_name=display_name[:80])
            person.display_name = display_name[:80]
    return person


def role_grant(
    *,
    person: Person,
    role: str,
    giver: Person | None,
    round_id: UUID | None = None,
    ends_at: datetime | None = None,
) -> RoleGrant:
    """Give a role from now on. `giver` is None only for the first officer, whom the office invites."""
    with transaction.atomic():
        grant = RoleGrant.objects.create(
            person=person, role=role, giver=giver, round_id=round_id, starts_at=Now(), ends_at=ends_at
        )
        event_record(RoleGranted(grant=str(grant.id), role=role, person=str(person.public_id)), actor=giver)
    return grant


def role_end(*, grant: RoleGrant, actor: Person | None) -> None:
    """End a role now; the next request of its holder is without it."""
    with transaction.atomic():
        RoleGrant.objects.filter(pk=grant.pk).update(ends_at=Now())
        event_record(RoleEnded(grant=str(grant.id), role=grant.role), actor=actor)
