"""Recording facts, chaining them after commit, and proving the chain."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Any

from django.db import connection, transaction

from core.audit.events import Event
from core.audit.models import AuditEvent, InboxEffect, OutboxMessage
from core.audit.poke import poke
from core.kernel.crypto import canonical_json
from core.kernel.errors import Refused
from core.kernel.jobs import Job, Queue
from plugins.api.values import SubjectRef
from tenants.registry.context import current_tenant

GENESIS = "0" * 64
CHAIN_LOCK = 0x434F4D4D
EVENT_JOB = Job("audit.event", Queue.DEFAULT)


def event_record(event: Event, *, actor: Any = None, subject: SubjectRef | None = None) -> AuditEvent:
    """Write a fact and the message that tells its listeners, in the transaction of what it tells of.

    `actor` is a Person or None for the service. Raises Refused outside a transaction: a fact must not outlive what
    it speaks of.
    """
    if not connection.in_atomic_block:
        raise Refused("A fact is recorded in the transaction of what it tells of.", code="event.no_transaction")
    row = AuditEvent.objects.create(
        kind=event.kind,
        version=event.version,
        body=event.body(),
        actor=getattr(actor, "public_id", None),
        subject=f"{subject.kind}:{subject.uuid}" if subject else "",
    )
    _message(EVENT_JOB, {"event": str(row.id), "kind": row.kind})
    return row


def job_enqueue(job: Job, *, payload: dict[str, Any]) -> OutboxMessage:
    """Have a job done by a worker once this transaction has committed. Raises Refused outside a transaction."""
    if not connection.in_atomic_block:
        raise Refused("A job is asked for in the transaction of what causes it.", code="job.no_transaction")
    return _message(job, payload)


def _message(job: Job, payload: dict[str, Any]) -> OutboxMessage:
    row = OutboxMessage.objects.create(task=job.name, queue=job.queue.value, payload=payload)
    # Only a nudge, with the tenant taken now: the row itself is what guarantees delivery.
    transaction.on_commit(partial(poke, current_tenant().uuid))
    return row


def effect_once(key: str) -> bool:
    """True the first time, inside the transaction of the effect; False ever after."""
    if not connection.in_atomic_block:
        raise Refused("An effect is marked in its own transaction.", code="effect.no_transaction")
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {InboxEffect._meta.db_table} (key) VALUES (%s) ON CONFLICT DO NOTHING RETURNING key",  # noqa: S608
            [key],
        )
        return cursor.fetchone() is not None


def link_hash(previous: str, row: AuditEvent, seq: int) -> str:
    """SHA-256 over the previous link and the canonical form of the fact, in hexadecimal."""
    content = canonical_json(
        {
            "seq": seq,
            "id": str(row.id),
            "kind": row.kind,
            "version": row.version,
            "body": row.body,
            "actor": str(row.actor or ""),
            "subject": row.subject,
            "recorded_at": row.recorded_at.isoformat(),
            "tenant": str(current_tenant().uuid),
        }
    )
    return hashlib.sha256(previous.encode() + content).hexdigest()


def events_chain(*, limit: int = 500) -> int:
    """Number and link facts that have committed; returns how many. One sequencer per tenant at a time."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s, hashtext(current_schema()))", [CHAIN_LOCK])
            if not cursor.fetchone()[0]:
                return 0
        last = AuditEvent.objects.filter(seq__isnull=False).order_by("-seq").first()
        seq, previous = (last.seq or 0, last.hash) if last else (0, GENESIS)
        rows = list(AuditEvent.objects.filter(seq__isnull=True).order_by("recorded_at", "id")[:limit])
        for row in rows:
            seq += 1
            link = link_hash(previous, row, seq)
            AuditEvent.objects.filter(pk=row.pk, seq__isnull=True).update(seq=seq, previous_hash=previous, hash=link)
            previous = link
    return len(rows)


def chain_verify() -> dict[str, Any]:
    """Walk the chain; `broken` names the first link that does not hold, or is None."""
    previous, expected = GENESIS, 1
    for row in AuditEvent.objects.filter(seq__isnull=False).order_by("seq").iterator(chunk_size=1000):
        whole = row.seq == expected and row.previous_hash == previous
        if not whole or row.hash != link_hash(previous, row, expected):
            return {"ok": False, "links": expected - 1, "broken": {"seq": row.seq, "event": str(row.id)}}
        previous, expected = row.hash, expected + 1
    return {"ok": True, "links": expected - 1, "broken": None}
