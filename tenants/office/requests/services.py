"""Asking for a space, answering, the agreement that opens it, and links between a group and a council."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from core.audit.services import effect_once, event_record, job_enqueue
from core.kernel.clock import database_now
from core.kernel.errors import Invalid, NotFound, Refused
from core.kernel.jobs import Job, Queue
from plugins.api.text import LocalisedText
from tenants.office.hosts.naming import look_of
from tenants.office.models import SignedFact
from tenants.office.requests.clock import due_after
from tenants.office.requests.events import LinkChanged
from tenants.office.requests.models import GroupLink, SpaceRequest
from tenants.office.services import fact_publish, looks_taken, tenant_reserve
from tenants.registry.context import Role, TenantRef, in_public, in_tenant
from tenants.registry.hosts import forget
from tenants.registry.models import Tenant
from tenants.registry.selectors import GONE, tenant_by_uuid

AGREEMENT = "agreement"
AGREEMENT_KEY = "community-space"
MEMBERS = 2
# A space takes room and time to make, and anybody may ask for one.
PER_HOUR, PER_DAY = 10, 40
State = SpaceRequest.State
SHARES = ("face", "rounds", "money")


def slug_free(name: str) -> str:
    """An address from a group's name that nobody has yet, and that is read as nobody's."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:32].strip("-")
    stem = stem if stem and stem[0].isalpha() else f"group-{stem}".strip("-")
    with in_public():
        taken = looks_taken()
    number, slug = 1, stem
    while look_of(slug) in taken:
        number += 1
        slug = f"{stem}-{number}"
    return slug


def space_ask(
    *,
    name: LocalisedText,
    standing: str,
    host_body: str,
    area: str,
    purpose: str,
    council: UUID | None,
    new_id: UUID,
) -> tuple[UUID, TenantRef]:
    """Note a request and reserve the group's address; whoever calls has the practice space made by a worker.

    Sent twice with one `new_id`, it is one request. Raises Refused when too many have asked just now.
    """
    with in_public():
        known = SpaceRequest.objects.select_related("space").filter(pk=new_id).first()
        if known is not None:
            return known.id, known.space.ref
        now = database_now()
        hour, day = (
            SpaceRequest.objects.filter(asked_at__gt=now - span).count()
            for span in (timedelta(hours=1), timedelta(days=1))
        )
    if hour >= PER_HOUR or day >= PER_DAY:
        raise Refused(
            "Many groups are asking for a space just now.",
            code="request.rush",
            remedy="Please send this again in an hour; nothing you wrote is lost.",
        )
    space = tenant_reserve(slug=slug_free(name.en), kind=Tenant.Kind.COMMUNITY, name=name)
    with in_public():
        named = Tenant.objects.filter(pk=council, kind=Tenant.Kind.COUNCIL).first() if council else None
        row = SpaceRequest.objects.create(
            id=new_id,
            space_id=space.uuid,
            standing=standing,
            host_body=host_body,
            area=area,
            purpose=purpose,
            council=named,
            due_at=due_after(now),
        )
    return row.id, space


def practice_begin(*, tenant: UUID) -> None:
    """A space that was made for a request is for practice until a person has said yes and the agreement is signed."""
    with in_public():
        Tenant.objects.filter(pk=tenant, state__in=[Tenant.State.REQUESTED, Tenant.State.ACTIVE]).exclude(
            space_request__state=State.ACCEPTED
        ).update(state=Tenant.State.PRACTICE)
    forget()


def request_answer(*, request: UUID, state: str, words: str = "", by: TenantRef) -> None:
    """Accept, ask or refuse. The national team may answer every request, a council those that name it.

    Raises Invalid for a question or refusal without words, NotFound for a request that is not this tenant's to answer,
    Refused for one that has been decided.
    """
    if state not in (State.ACCEPTED, State.ASKED, State.REFUSED):
        raise Invalid("Accept, ask or refuse.", code="request.answer")
    if state != State.ACCEPTED and len(words.strip()) < 10:
        raise Invalid(
            "Write to the group in a sentence or two: what you need to know, or why not.", code="request.no_words"
        )
    with in_public(), transaction.atomic():
        row = SpaceRequest.objects.select_for_update().filter(pk=request).first()
        if row is None or not (by.is_hub or row.council_id == by.uuid):
            raise NotFound("There is no such request.", code="request.unknown")
        if row.state in (State.ACCEPTED, State.REFUSED):
            raise Refused("This request has been decided.", code="request.decided", remedy="Load the page again.")
        row.state, row.words, row.answered_at = state, words.strip()[:2000], database_now()
        row.save(update_fields=["state", "words", "answered_at"])
        if state == State.ACCEPTED:
            _open_if_ready(row)
    forget()


def request_reply(*, space: UUID, reply: str) -> None:
    """The group's answer to a question; the clock begins anew. Raises Refused where nothing was asked."""
    if len(reply.strip()) < 3:
        raise Invalid("Write your answer.", code="request.no_words")
    with in_public(), transaction.atomic():
        row = SpaceRequest.objects.select_for_update().filter(space_id=space).first()
        if row is None or row.state != State.ASKED:
            raise Refused("No question is waiting for an answer.", code="request.not_asked")
        row.state, row.reply, row.due_at = State.WAITING, reply.strip()[:2000], due_after(database_now())
        row.save(update_fields=["state", "reply", "due_at"])


def agreement_take(*, tenant: UUID, body: Mapping[str, Any], signature: bytes) -> None:
    """Take in a group's signed word that its members have accepted the agreement, and open its space if it may.

    The sink of these statements. Raises as `fact_publish` does, and Invalid for fewer than two members.
    """
    members = body.get("members")
    if type(members) is not int or members < MEMBERS or type(body.get("version")) is not int:
        raise Invalid("Two members accept the agreement.", code="agreement.members")
    fact_publish(tenant=tenant, body=body, signature=signature)
    with in_public(), transaction.atomic():
        row = SpaceRequest.objects.select_for_update().filter(space_id=tenant).first()
        if row is not None:
            _open_if_ready(row)
    forget()


def _open_if_ready(row: SpaceRequest) -> None:
    signed = SignedFact.objects.filter(tenant_id=row.space_id, kind=AGREEMENT, key=AGREEMENT_KEY).exists()
    if row.state == State.ACCEPTED and signed:
        Tenant.objects.filter(pk=row.space_id, state=Tenant.State.PRACTICE).update(state=Tenant.State.ACTIVE)


# -- links ------------------------------------------------------------------------------------------------------------


LINK_JOB = Job("requests.link", Queue.DEFAULT)


def link_ask(*, by: TenantRef, other: UUID, shares: Sequence[str], actor: Any = None) -> UUID:
    """One side wants a link that shares exactly these. Raises Invalid for nothing or something unknown to share,
    NotFound for a side that is no group or no council, Refused while the group has another open link."""
    chosen = [one for one in SHARES if one in shares]
    if not chosen or set(shares) - set(SHARES):
        raise Invalid("Choose what is shared.", code="link.shares")
    with in_public():
        council_asks = by.kind == Tenant.Kind.COUNCIL
        wanted = Tenant.Kind.COMMUNITY if council_asks else Tenant.Kind.COUNCIL
        found = Tenant.objects.filter(pk=other, kind=wanted, state=Tenant.State.ACTIVE).first()
        if found is None or (not council_asks and by.kind != Tenant.Kind.COMMUNITY):
            raise NotFound("A link joins a group and a council that are both active.", code="link.unknown")
        try:
            with transaction.atomic():
                row = GroupLink.objects.create(
                    group_id=other if council_asks else by.uuid,
                    council_id=by.uuid if council_asks else other,
                    shares=chosen,
                    asked_by=GroupLink.Side.COUNCIL if council_asks else GroupLink.Side.GROUP,
                )
        except IntegrityError as error:
            raise Refused(
                "The group has a link, or a wish for one, already.",
                code="link.open",
                remedy="It can be ended by either side, and another made then.",
            ) from error
    _recorded(row, "asked", row.asked_by, by, actor)
    return row.id


def link_agree(*, link: UUID, by: TenantRef, actor: Any = None) -> None:
    """The other side agrees. Raises NotFound for a link of others, Refused for one's own wish."""
    with in_public(), transaction.atomic():
        row, side = _link(link, by)
        if row.agreed_at is not None:
            return
        if side == row.asked_by:
            raise Refused("The other side has to agree.", code="link.own_wish", remedy="Wait for their answer.")
        row.agreed_at = database_now()
        row.save(update_fields=["agreed_at"])
        Tenant.objects.filter(pk=row.group_id).update(parent_id=row.council_id)
    _recorded(row, "agreed", side, by, actor)


def link_end(*, link: UUID, by: TenantRef, actor: Any = None) -> None:
    """Either side ends it, at once; also a wish that nobody has answered. Raises NotFound for a link of others."""
    with in_public(), transaction.atomic():
        row, side = _link(link, by)
        row.ended_at, row.ended_by = database_now(), side
        row.save(update_fields=["ended_at", "ended_by"])
        if row.agreed_at is not None:
            Tenant.objects.filter(pk=row.group_id, parent_id=row.council_id).update(parent_id=None)
    _recorded(row, "ended", side, by, actor)


def _recorded(row: GroupLink, what: str, side: str, by: TenantRef, actor: Any) -> None:
    """In the record of the side that acts, which sends word to the other: nobody writes for two in one transaction."""
    event = LinkChanged(link=str(row.id), what=what, side=str(side), shares=",".join(row.shares))
    other = row.council_id if by.uuid == row.group_id else row.group_id
    with in_tenant(by), transaction.atomic():
        event_record(event, actor=actor)
        job_enqueue(LINK_JOB, payload={"other": str(other), **event.body()})


def link_told(payload: dict[str, Any]) -> None:
    """The worker's part, outside every transaction: the other side's own record of the same."""
    told = dict(payload)
    other = tenant_by_uuid(UUID(told.pop("other")))
    if other is None or other.state in GONE:
        return
    with in_tenant(other, role=Role.WORKER), transaction.atomic():
        if effect_once(f"link:{told['link']}:{told['what']}"):
            event_record(LinkChanged(**told))


def _link(link: UUID, by: TenantRef) -> tuple[GroupLink, str]:
    row = GroupLink.objects.select_for_update().filter(pk=link, ended_at__isnull=True).first()
    side = {row.group_id: "group", row.council_id: "council"}.get(by.uuid) if row else None
    if row is None or side is None:
        raise NotFound("There is no such link.", code="link.unknown")
    return row, side
