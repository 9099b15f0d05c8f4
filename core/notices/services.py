"""Writing to people: a notice is asked for with what causes it, and sent by a worker after that has committed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.template.loader import render_to_string

from core.audit.services import job_enqueue
from core.kernel.clock import database_now
from core.kernel.crypto import token_open, token_seal
from core.kernel.errors import Invalid, Refused
from core.kernel.jobs import Job, Queue
from core.notices.carrying import Carried, Words, address_check, carry, reach_need, recipient
from core.notices.models import Notice
from plugins.api import Limits
from tenants.registry.context import current_tenant
from tenants.registry.limits import What, need

SEND_JOB = Job("notices.send", Queue.MAIL)
ADDRESS_PURPOSE = "notice/address"
SECRET_PURPOSE = "notice/secret"  # noqa: S105  # the name of a purpose
SECRET_LIFE = timedelta(minutes=10)
TEMPLATES = frozenset(
    {"one-time-code", "voting-opened", "result-published", "invitation", "space-answered", "own-address-lost"}
)
LANGUAGES = frozenset({"en", "gd"})


def notice_send(
    *,
    template: str,
    to: str,
    language: str,
    context: dict[str, Any],
    secret: dict[str, Any] | None = None,
    by: str = "email",
) -> UUID:
    """Have a message written to one address; returns the notice's id. `context` is JSON and holds no secret.

    `by` says what kind of address `to` is: `email`, `phone` (with + and the country) or `webhook`. `secret` (such as a
    code) is encrypted for ten minutes and removed once sent. Raises Invalid for an address that is none or an unknown
    template, Unavailable where no channel carries messages that way, Limited for a secret while no more mail may be
    sent, Refused outside a transaction.
    """
    if not connection.in_atomic_block:
        raise Refused("A notice is asked for in the transaction of what causes it.", code="notice.no_transaction")
    if template not in TEMPLATES:
        raise Invalid(f"There is no notice {template!r}.", code="notice.template")
    address_check(by, to)
    if by != "email":
        reach_need(recipient(by, to, language))
    if secret and by == "email":
        # Whoever waits for a code is told at once that it has to wait; other letters go when there is room.
        need(current_tenant(), What.MAILS)
    tenant = current_tenant().uuid
    notice = Notice(
        template=template,
        language=language if language in LANGUAGES else "en",
        context=context,
        address=token_seal(ADDRESS_PURPOSE, tenant, {"to": to, "by": by}, ttl=None),
        secret=token_seal(SECRET_PURPOSE, tenant, secret, ttl=SECRET_LIFE) if secret else "",
    )
    notice.save(force_insert=True)
    job_enqueue(SEND_JOB, payload={"notice": str(notice.id)})
    return notice.id


def notice_deliver(payload: dict[str, Any]) -> None:
    """The worker's part: render, have it carried, and empty what is no longer needed, in one transaction.

    A message whose secret has expired is not sent: it would only confuse. Raises NotCarried where nobody took it.
    """
    notice = Notice.objects.select_for_update().get(pk=payload["notice"])
    if notice.state != Notice.State.WAITING:
        return
    tenant = current_tenant()
    try:
        secret = token_open(SECRET_PURPOSE, tenant.uuid, notice.secret) if notice.secret else {}
    except Invalid as error:
        if error.code != "token.expired":
            raise
        _finish(notice, Notice.State.EXPIRED)
        return
    kept = token_open(ADDRESS_PURPOSE, tenant.uuid, notice.address)
    values = {**notice.context, **secret, "tenant_name": tenant.name.get(notice.language)}
    carried = carry(
        notice.id,
        recipient(str(kept.get("by", "email")), str(kept["to"]), notice.language),
        lambda limits: _written(notice, values, limits),
        template=notice.template,
        values={name: str(value) for name, value in values.items()},
    )
    _finish(notice, Notice.State.SENT, carried)


def _written(notice: Notice, values: dict[str, Any], limits: Limits) -> Words:
    """The words for a channel. Where it carries no subject, a shorter text is taken if there is one."""
    plain = f"notices/{notice.template}.{notice.language}.txt"
    if limits.subject:
        subject, _, body = render_to_string(plain, values).strip().partition("\n")
        return Words(subject.strip(), body.strip() + "\n")
    text = render_to_string([f"notices/{notice.template}.short.{notice.language}.txt", plain], values)
    return Words("", text.strip())


def _finish(notice: Notice, state: str, carried: Carried | None = None) -> None:
    notice.state, notice.address, notice.secret = state, "", ""
    notice.sent_at = database_now() if state == Notice.State.SENT else None
    if carried is not None:
        notice.channel, notice.reference = carried.channel, carried.reference
    notice.save(update_fields=["state", "address", "secret", "sent_at", "channel", "reference"])
