"""Settling items, accepting documents, inviting people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from core.audit.services import event_record, job_enqueue
from core.audit.statements import statement_make
from core.kernel.clock import database_now
from core.kernel.crypto import token_open, token_seal
from core.kernel.env import environment
from core.kernel.errors import Invalid, Refused
from core.kernel.jobs import Job, Queue
from core.notices.services import notice_send
from core.people.models import Person, RoleGrant
from core.people.selectors import grants_in_force, roles_of
from core.people.services import role_grant
from core.setup.events import DocumentAccepted, InvitationMade, InvitationTaken, ItemSettled
from core.setup.models import Acceptance, Invitation, SetupItem
from core.setup.selectors import answers
from plugins.api.text import LocalisedText
from tenants.office.documents.selectors import Document
from tenants.office.requests.services import AGREEMENT, MEMBERS
from tenants.registry.context import current_tenant
from tenants.registry.hosts import origin

ACCEPTANCE_JOB = Job("setup.acceptance", Queue.DEFAULT)
INVITATION_PURPOSE = "setup/invitation"
ADDRESS_PURPOSE = "setup/address"
INVITED_FOR = timedelta(days=14)


def item_settle(*, key: str, answers: Mapping[str, Any], actor: Person) -> SetupItem:
    """Note an item as settled, with what residents may read of it; again, it replaces what stood there."""
    with transaction.atomic():
        row, _made = SetupItem.objects.update_or_create(
            key=key, defaults={"answers": dict(answers), "done_by": actor.public_id}
        )
        event_record(ItemSettled(key=key), actor=actor)
    return row


def document_accept(
    *,
    document: Document,
    digest: str,
    actor: Person,
    variation: LocalisedText = LocalisedText(""),  # noqa: B008
) -> Acceptance:
    """Accept a version as it was read, for the tenant. Accepted before by the same person, unchanged, it is that one.

    Raises Refused when another version than the one that was read is published now.
    """
    if digest != document.digest:
        raise Refused(
            "A newer version was published while you were reading.",
            code="document.changed",
            remedy="Read it and accept it as it is now.",
        )
    with transaction.atomic():
        mine = Acceptance.objects.filter(
            kind=document.kind, key=document.key, version=document.version, person=actor.public_id
        ).first()
        if mine is not None and mine.variation == variation:
            return mine
        row = Acceptance.objects.create(
            kind=document.kind,
            key=document.key,
            version=document.version,
            digest=document.digest,
            variation=variation,
            role=RoleGrant.Role.OFFICER.value,
            person=actor.public_id,
        )
        event_record(
            DocumentAccepted(document=document.name, number=document.version, varied=bool(variation.en)), actor=actor
        )
        job_enqueue(ACCEPTANCE_JOB, payload={"kind": document.kind, "key": document.key})
    return row


def acceptance_facts(kind: str, key: str) -> dict[str, Any] | None:
    """What may be said of an acceptance outside: the version, by how many and in which role. Never who."""
    rows = list(Acceptance.objects.filter(kind=kind, key=key))
    if not rows:
        return None
    last = rows[0]
    members = len({row.person for row in rows if row.version == last.version})
    if kind == AGREEMENT and members < MEMBERS:
        return None
    return {
        "public": True,
        "version": last.version,
        "digest": last.digest,
        "members": members,
        "role": last.role,
        "varied": bool(last.variation.en),
    }


def acceptance_sign(payload: dict[str, Any]) -> None:
    """The worker's part: all of Scotland is told what this tenant has accepted."""
    kind, key = payload["kind"], payload["key"]
    statement_make(kind=kind, key=key, facts=lambda: acceptance_facts(kind, key))


# -- invitations ------------------------------------------------------------------------------------------------------


def invite(
    *, address: str, language: str, role: str = "officer", actor: Person | None = None, new_id: UUID | None = None
) -> Invitation:
    """Invite somebody to a role by a message with a link. With a known `new_id` nothing is sent again.

    Raises Invalid for an address that is none.
    """
    tenant = current_tenant()
    with transaction.atomic():
        known = Invitation.objects.filter(pk=new_id).first() if new_id else None
        if known is not None:
            return known
        row = Invitation.objects.create(
            id=new_id or uuid4(),
            role=role,
            address=token_seal(ADDRESS_PURPOSE, tenant.uuid, {"to": address}, ttl=None),
            language=language,
            ends_at=database_now() + INVITED_FOR,
        )
        token = token_seal(tenant.of_epoch(INVITATION_PURPOSE), tenant.uuid, {"id": str(row.id)}, ttl=INVITED_FOR)
        host = f"{tenant.slug}.staff.{environment().base_domain}"
        link = f"{origin(host)}/join/?invitation={token}"
        notice_send(template="invitation", to=address, language=language, context={}, secret={"link": link})
        event_record(InvitationMade(invitation=str(row.id), role=role), actor=actor)
    return row


def invitation_of(token: str) -> Invitation:
    """The open invitation behind a link. Raises Invalid for a link that is none, has run out or was used."""
    tenant = current_tenant()
    named = token_open(tenant.of_epoch(INVITATION_PURPOSE), tenant.uuid, token)
    row = Invitation.objects.filter(pk=named["id"], used_at__isnull=True).first()
    if row is None:
        raise Invalid(
            "This invitation has been used.",
            code="invitation.used",
            remedy="If it was not you, ask whoever invited you for a new one.",
        )
    return row


def invitation_take(*, token: str, person: Person) -> RoleGrant | None:
    """Give the person who has signed in the role of their invitation; it is used then. None where they hold it."""
    found = invitation_of(token)
    with transaction.atomic():
        row = Invitation.objects.select_for_update().get(pk=found.pk)
        if row.used_at is not None:
            raise Invalid("This invitation has been used.", code="invitation.used", remedy="Ask for a new one.")
        row.used_at, row.used_by = database_now(), person.public_id
        row.save(update_fields=["used_at", "used_by"])
        event_record(InvitationTaken(invitation=str(row.id), role=row.role), actor=person)
        if row.role in roles_of(person):
            return None
        return role_grant(person=person, role=row.role, giver=None)


def tell_invited(*, template: str, context: dict[str, Any]) -> int:
    """Write to everybody who was invited when the space was made; returns how many."""
    tenant = current_tenant()
    with transaction.atomic():
        rows = list(Invitation.objects.exclude(address=""))
        for row in rows:
            to = token_open(ADDRESS_PURPOSE, tenant.uuid, row.address)["to"]
            notice_send(template=template, to=to, language=row.language, context=context)
    return len(rows)


def tell_office(*, template: str, context: dict[str, Any]) -> int:
    """Write to the office that residents are given, and to officers whose address we were given; returns how many.

    Call in the transaction of what they are told of. Each address is written to once.
    """
    tenant = current_tenant()
    officers = {one.person.public_id for one in grants_in_force() if one.role == RoleGrant.Role.OFFICER}
    to = {
        token_open(ADDRESS_PURPOSE, tenant.uuid, row.address)["to"]: row.language
        for row in Invitation.objects.filter(used_by__in=officers).exclude(address="")
    }
    office = answers("contacts").get("email")
    if office:
        to.setdefault(office, "en")
    for address, language in to.items():
        notice_send(template=template, to=address, language=language, context=context)
    return len(to)
