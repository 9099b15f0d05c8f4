"""Reads of roles. Always from the database: a role that was removed is gone at the next request."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Now

from core.people.models import Person, PersonAlias, RoleGrant


def grants_active(person: Person) -> list[RoleGrant]:
    """The person's grants in force by the database's time."""
    return list(
        RoleGrant.objects.filter(person=person, starts_at__lte=Now()).filter(
            Q(ends_at__isnull=True) | Q(ends_at__gt=Now())
        )
    )


def roles_of(person: Person, *, round_id: UUID | None = None) -> frozenset[str]:
    """Roles for the whole tenant, and for the round where one is named."""
    return frozenset(grant.role for grant in grants_active(person) if grant.round_id in (None, round_id))


def roles_anywhere(person: Person) -> frozenset[str]:
    """Roles the person holds for the tenant or for any single round."""
    return frozenset(grant.role for grant in grants_active(person))


def rounds_granted(person: Person) -> frozenset[UUID] | None:
    """The rounds in which the person holds a role; None where a role for the whole tenant covers every round."""
    grants = grants_active(person)
    if any(grant.round_id is None for grant in grants):
        return None
    return frozenset(grant.round_id for grant in grants if grant.round_id is not None)


def subjects_of(person: Person) -> tuple[str, ...]:
    """The numbers by which the provider knows the person: that of their own account first, then those they linked."""
    linked = PersonAlias.objects.filter(person=person, issuer=person.issuer).order_by("linked_at")
    return (person.subject, *linked.values_list("subject", flat=True))


def people_named(ids: frozenset[UUID]) -> dict[UUID, str]:
    """Names by public id, for pages that say who did something."""
    return {person.public_id: str(person) for person in Person.objects.filter(public_id__in=ids)}


def names_shown(ids: frozenset[UUID]) -> dict[UUID, str]:
    """The names that people have chosen to be shown by; whoever has chosen none is left out."""
    found = Person.objects.filter(public_id__in=ids, is_active=True).exclude(display_name="")
    return dict(found.values_list("public_id", "display_name"))


def people_like(name: str, *, issuer: str, most: int = 20) -> list[Person]:
    """People of one provider who have signed in here and whose name holds these letters.

    Officers find colleagues by it: the staff's provider knows no residents, so none is ever listed.
    """
    found = Person.objects.filter(issuer=issuer, is_active=True, display_name__icontains=name)
    return list(found.order_by("display_name", "joined_at")[:most])


def grants_in_force() -> list[RoleGrant]:
    """Every role that somebody holds now, with its holder and giver."""
    now = Q(ends_at__isnull=True) | Q(ends_at__gt=Now())
    rows = RoleGrant.objects.filter(now, starts_at__lte=Now()).select_related("person", "giver")
    return list(rows.order_by("person__display_name", "person_id", "role"))
