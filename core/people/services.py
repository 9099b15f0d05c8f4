"""Writes about people: who they are here, and what they may do."""

from __future__ import annotations

import logging
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from core.audit.services import event_record
from core.kernel.clock import database_now
from core.kernel.errors import Invalid, Refused
from core.people.events import RoleEnded, RoleGranted, StrangeAddress
from core.people.models import Person, PersonAlias, RoleGrant, Session
from core.people.selectors import roles_of

log = logging.getLogger(__name__)
EDITORS = "Editors"
LONGEST_NAME = 40
EDITING_ROLES = frozenset({RoleGrant.Role.OFFICER.value, RoleGrant.Role.ROUND_MANAGER.value})


def person_know(*, issuer: str, subject: str, display_name: str = "") -> Person:
    """The person behind a verified sign-in, made at the first one; of a linked account, whoever has linked it."""
    alias = PersonAlias.objects.select_related("person").filter(issuer=issuer, subject=subject).first()
    if alias is not None:
        return alias.person
    with transaction.atomic():
        person, made = Person.objects.get_or_create(
            issuer=issuer, subject=subject, defaults={"display_name": display_name[:80], "password": "!"}
        )
    # A name that somebody has chosen here is theirs: the provider's fills only an empty one.
    if not made and display_name and not person.display_name:
        with transaction.atomic():
            Person.objects.filter(pk=person.pk).update(display_name=display_name[:80])
            person.display_name = display_name[:80]
    return person


def strange_address_tell(*, person: Person, provider: str, domain: str) -> None:
    """Alert that a council's provider stated another's address. Nothing follows from an address; somebody looks why."""
    with transaction.atomic():
        event_record(StrangeAddress(person=str(person.public_id), provider=provider, domain=domain))
    log.warning("provider %s stated an address of another domain", provider)


def name_choose(*, person: Person, name: str) -> Person:
    """The name somebody wants shown beside what they write. Raises Invalid for an empty or unreadable one."""
    words = " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())
    if not 2 <= len(words) <= LONGEST_NAME:
        raise Invalid(
            "Write a name of 2 to 40 letters.",
            code="people.name",
            remedy="It need not be your full name.",
        )
    with transaction.atomic():
        Person.objects.filter(pk=person.pk).update(display_name=words)
    person.display_name = words
    return person


def sessions_end(*, issuer: str, subject: str = "", marks: tuple[str, ...] = ()) -> int:
    """End the sessions that the provider has ended: those with one of its marks, else all of this subject's."""
    with transaction.atomic():
        if marks:
            found = Session.objects.filter(provider_mark__in=marks)
        else:
            own = Q(person__issuer=issuer, person__subject=subject)
            linked = PersonAlias.objects.filter(issuer=issuer, subject=subject).values("person")
            found = Session.objects.filter(own | Q(person__in=linked))
        ended, _by_table = found.delete()
    return ended


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
    """End a role now; the next request of its holder is without it. Raises Refused for a council's last officer."""
    with transaction.atomic():
        officers = RoleGrant.objects.select_for_update().filter(role=RoleGrant.Role.OFFICER.value, round_id=None)
        if actor is not None and grant.role == RoleGrant.Role.OFFICER.value and grant.round_id is None:
            now = database_now()
            others = [row for row in officers if row.ends_at is None or row.ends_at > now]
            if not any(row.person_id != grant.person_id for row in others):
                raise Refused(
                    "Somebody has to remain an officer of the council.",
                    code="people.last_officer",
                    remedy="Give the role to a second person first.",
                )
        RoleGrant.objects.filter(pk=grant.pk).update(ends_at=Now())
        event_record(RoleEnded(grant=str(grant.id), role=grant.role), actor=actor)


def groups_sync(*, person: Person) -> None:
    """Make the person's groups follow their grants: whoever may edit is in "Editors", and in no other group.

    Called at each request to the editor, so that a role that ended takes its group with it. Writes only on a change.
    """
    wanted = {EDITORS} if EDITING_ROLES & roles_of(person) else set()
    if set(person.groups.values_list("name", flat=True)) == wanted:
        return
    with transaction.atomic():
        person.groups.set([editors_group()] if wanted else [])


def editors_group() -> Group:
    """The group that may enter Wagtail's editor, made in this tenant when it is first needed."""
    group, made = Group.objects.get_or_create(name=EDITORS)
    if made:
        # Straight from the table: Django's cache of content types would give another tenant's number.
        kind, _made = ContentType.objects.get_or_create(app_label="wagtailadmin", model="admin")
        entry, _made = Permission.objects.get_or_create(
            content_type=kind, codename="access_admin", defaults={"name": "Can access Wagtail admin"}
        )
        group.permissions.add(entry)
    return group
