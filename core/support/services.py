"""Granting, entering, watching and ending support access.

The person who comes in is an observer for as long as the grant lasts: they read, change nothing, see no list of people,
and each page they ask for is recorded before it is shown. Roles are read at every request, so an end is an end at once.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

from core.audit.models import AuditEvent
from core.audit.services import event_record
from core.kernel.clock import database_now
from core.kernel.crypto import token_open, token_seal
from core.kernel.errors import NotFound, Refused
from core.people.models import Person, RoleGrant
from core.people.services import role_end, role_grant
from core.support.events import SupportEnded, SupportEntered, SupportGranted, SupportRefused, SupportViewed
from core.support.models import SupportGrant
from tenants.office.support.services import State, Wish, support_answered, wish_of
from tenants.registry.context import current_tenant

ENTER_PURPOSE = "support/enter"
# Long enough to sign in, too short to pass on.
ENTER_WITHIN = timedelta(minutes=5)
ROLE = RoleGrant.Role.OBSERVER.value


def _asked(wish: UUID) -> Wish:
    found = wish_of(wish, tenant=current_tenant().uuid)
    if found.state != State.ASKED:
        raise Refused("This wish has been answered.", code="support.answered", remedy="Load the page again.")
    return found


def support_grant(*, wish: UUID, actor: Person) -> SupportGrant:
    """Grant what was asked, from now on. Call outside a transaction.

    Raises NotFound for a wish asked of somebody else, Refused for one that has been answered.
    """
    tenant = current_tenant().uuid
    known = SupportGrant.objects.filter(pk=wish).first()
    if known is None:
        found = _asked(wish)
        with transaction.atomic():
            ends_at = database_now() + timedelta(hours=found.hours)
            known = SupportGrant.objects.create(
                id=wish, reason=found.reason, hours=found.hours, granted_by=actor, ends_at=ends_at
            )
            event_record(SupportGranted(wish=str(wish), hours=found.hours), actor=actor)
    support_answered(wish=wish, tenant=tenant, state=State.GRANTED, ends_at=known.ends_at)
    return known


def support_refuse(*, wish: UUID, actor: Person) -> None:
    """Say no. Raises as `support_grant` does."""
    _asked(wish)
    with transaction.atomic():
        event_record(SupportRefused(wish=str(wish)), actor=actor)
    support_answered(wish=wish, tenant=current_tenant().uuid, state=State.REFUSED)


def support_end(*, grant: SupportGrant, actor: Person | None) -> None:
    """End a grant now; whoever is in is out at their next request. Again, it changes nothing."""
    with transaction.atomic():
        row = SupportGrant.objects.select_for_update(of=("self",)).select_related("role_grant").get(pk=grant.pk)
        if row.ended_at is None:
            row.ended_at, row.ended_by = database_now(), actor
            row.save(update_fields=["ended_at", "ended_by"])
            if row.role_grant is not None:
                role_end(grant=row.role_grant, actor=actor)
            event_record(SupportEnded(wish=str(row.pk)), actor=actor)
    support_answered(wish=grant.pk, tenant=current_tenant().uuid, state=State.ENDED, ends_at=row.ended_at)


def enter_token(*, tenant: UUID, wish: UUID) -> str:
    """What opens the door to whoever holds the link for the next minutes; made by the console for its own staff."""
    return token_seal(ENTER_PURPOSE, tenant, {"wish": str(wish)}, ttl=ENTER_WITHIN)


def support_enter(*, token: str, person: Person) -> SupportGrant:
    """Let the person who has signed in come in under a grant. One person for each grant.

    Raises Invalid for a link that is none or has run out, Refused for a grant that ended or is somebody else's.
    """
    named = token_open(ENTER_PURPOSE, current_tenant().uuid, token)
    with transaction.atomic():
        rows = SupportGrant.objects.select_for_update(of=("self",)).select_related("role_grant")
        row = rows.filter(pk=named["wish"]).first()
        if row is None:
            raise NotFound("No access was granted here.", code="support.unknown")
        if row.ended_at is not None or row.ends_at <= database_now():
            raise Refused("This access has ended.", code="support.ended", remedy="Ask for it again.")
        if row.role_grant is not None and row.role_grant.person_id != person.pk:
            raise Refused("Somebody else uses this access.", code="support.taken", remedy="Ask for one of your own.")
        if row.role_grant is None:
            row.role_grant = role_grant(person=person, role=ROLE, giver=row.granted_by, ends_at=row.ends_at)
            row.save(update_fields=["role_grant"])
            event_record(SupportEntered(wish=str(row.pk)), actor=person)
    return row


def view_note(*, person: Person, method: str, path: str) -> bool:
    """Record a page asked for under a grant that is open; True when the person is here by one."""
    grant = grant_of(person)
    if grant is None:
        return False
    with transaction.atomic():
        event_record(SupportViewed(wish=str(grant.pk), method=method, path=path[:300]), actor=person)
    return True


# -- reads ------------------------------------------------------------------------------------------------------------


def grants_open() -> list[SupportGrant]:
    """Grants that hold now."""
    rows = SupportGrant.objects.filter(ended_at__isnull=True, ends_at__gt=database_now())
    return list(rows.select_related("granted_by", "role_grant__person"))


def grant_of(person: Person) -> SupportGrant | None:
    """The open grant under which this person is here."""
    return next((one for one in grants_open() if one.role_grant and one.role_grant.person_id == person.pk), None)


def grants_all() -> list[SupportGrant]:
    """Every grant there ever was, the newest first."""
    return list(SupportGrant.objects.select_related("granted_by", "ended_by", "role_grant__person"))


def grant_by_id(wish: UUID) -> SupportGrant:
    """Raises NotFound."""
    row = SupportGrant.objects.filter(pk=wish).first()
    if row is None:
        raise NotFound("No access was granted here.", code="support.unknown")
    return row


def views_of(wish: UUID) -> list[Any]:
    """Every page that was looked at under a grant, in order, as the tenant's own record has it."""
    rows = AuditEvent.objects.filter(kind=SupportViewed.kind, body__wish=str(wish)).order_by("recorded_at")
    return list(rows.values("recorded_at", method=F("body__method"), path=F("body__path")))
