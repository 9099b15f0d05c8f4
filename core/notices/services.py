"""Writing to people: a notice is asked for with what causes it, and sent by a worker after that has committed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.validators import validate_email
from django.db import connection
from django.template.loader import render_to_string

from core.audit.services import job_enqueue
from core.kernel.clock import database_now
from core.kernel.crypto import token_open, token_seal
from core.kernel.errors import Invalid, Refused
from core.kernel.jobs import Job, Queue
from core.notices.models import Notice
from tenants.registry.context import current_tenant

SEND_JOB = Job("notices.send", Queue.MAIL)
ADDRESS_PURPOSE = "notice/address"
SECRET_PURPOSE = "notice/secret"  # noqa: S105  # the name of a purpose
SECRET_LIFE = timedelta(minutes=10)
TEMPLATES = frozenset({"one-time-code", "voting-opened", "result-published", "invitation", "space-answered"})
LANGUAGES = frozenset({"en", "gd"})


def notice_send(
    *, template: str, to: str, language: str, context: dict[str, Any], secret: dict[str, Any] | None = None
) -> UUID:
    """Have a message written to one address; returns the notice's id. `context` is JSON and holds no secret.

    `secret` (such as a code) is encrypted for ten minutes and removed once sent. Raises Invalid for an address that
    is none or an unknown template, Refused outside a transaction.
    """
    if not connection.in_atomic_block:
        raise Refused("A notice is asked for in the transaction of what causes it.", code="notice.no_transaction")
    if template not in TEMPLATES:
        raise Invalid(f"There is no notice {template!r}.", code="notice.template")
    try:
        validate_email(to)
    except ValidationError as error:
        raise Invalid(
            "This is not an e-mail address.", code="notice.address", remedy="Write it like name@example.com."
        ) from error
    tenant = current_tenant().uuid
    notice = Notice(
        template=template,
        language=language if language in LANGUAGES else "en",
        context=context,
        address=token_seal(ADDRESS_PURPOSE, tenant, {"to": to}, ttl=None),
        secret=token_seal(SECRET_PURPOSE, tenant, secret, ttl=SECRET_LIFE) if secret else "",
    )
    notice.save(force_insert=True)
    job_enqueue(SEND_JOB, payload={"notice": str(notice.id)})
    return notice.id


def notice_deliver(payload: dict[str, Any]) -> None:
    """The worker's part: render, send, and empty what is no longer needed, in one transaction.

    A message whose secret has expired is not sent: it would only confuse.
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
    to = token_open(ADDRESS_PURPOSE, tenant.uuid, notice.address)["to"]
    text = render_to_string(
        f"notices/{notice.template}.{notice.language}.txt",
        {**notice.context, **secret, "tenant_name": tenant.name.get(notice.language)},
    )
    subject, _, words = text.strip().partition("\n")
    EmailMessage(
        subject=subject.strip(),
        body=words.strip() + "\n",
        to=[to],
        # The same notice sent twice (a worker lost after sending) is one message to a mail program.
        headers={"Message-ID": f"<{notice.id}@{tenant.slug}.commonty>", "Content-Language": notice.language},
    ).send()
    _finish(notice, Notice.State.SENT)


def _finish(notice: Notice, state: str) -> None:
    notice.state, notice.address, notice.secret = state, "", ""
    notice.sent_at = database_now() if state == Notice.State.SENT else None
    notice.save(update_fields=["state", "address", "secret", "sent_at"])
