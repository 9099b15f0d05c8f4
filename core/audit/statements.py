"""What a tenant says to all of Scotland: a public fact, signed with the tenant's own key.

The body is JSON in its one canonical form (RFC 8785), the signature Ed25519. The body names its tenant, kind, key and
moment, so that a statement can be used for nothing else and an old one never replaces a newer one. The private key is
encrypted in the tenant's schema; the public one stands in the registry.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from django.db import connection, transaction

from core.audit.models import SigningKey
from core.audit.ports import statement_sink
from core.audit.services import job_enqueue
from core.kernel.clock import database_now
from core.kernel.crypto import canonical_json, sign, sign_keypair, token_open, token_seal
from core.kernel.errors import Refused, Unavailable
from core.kernel.jobs import Job, Queue
from tenants.registry.context import current_tenant

STATEMENT_JOB = Job("audit.statement", Queue.DEFAULT)
KEY_PURPOSE = "audit/signing-key"
STATEMENT_LOCK = 0x53544154


def signing_key_ensure() -> bytes:
    """The current tenant's public key, made with its private one the first time."""
    with transaction.atomic():
        known = SigningKey.objects.first()
        if known is None:
            keys = sign_keypair()
            held = token_seal(KEY_PURPOSE, current_tenant().uuid, {"private": keys.private.hex()}, ttl=None)
            known = SigningKey.objects.create(public=keys.public, private=held)
    return bytes(known.public)


def statement_make(*, kind: str, key: str, facts: Callable[[], Mapping[str, Any] | None]) -> dict[str, Any] | None:
    """Sign what `facts` finds now and have it handed over after this transaction; returns the body.

    Where `facts` finds None there is nothing to say and nothing is signed.

    One statement of a kind and key is made at a time, so that the later moment always goes with the later facts.
    Raises Refused outside a transaction, Unavailable while the tenant has no key.
    """
    if not connection.in_atomic_block:
        raise Refused("A statement is made in a transaction.", code="statement.no_transaction")
    tenant = current_tenant()
    held = SigningKey.objects.first()
    if held is None:
        raise Unavailable(
            "This tenant has no signing key yet.",
            code="signing_key.missing",
            remedy="Run its creation again: it does the steps that are missing.",
        )
    with connection.cursor() as cursor:
        name = f"{tenant.schema}/{kind}/{key}"
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [STATEMENT_LOCK, name])
    found = facts()
    if found is None:
        return None
    body = {
        **found,
        "kind": kind,
        "key": key,
        "tenant": str(tenant.uuid),
        "at": database_now().isoformat(timespec="microseconds"),
    }
    private = bytes.fromhex(token_open(KEY_PURPOSE, tenant.uuid, held.private)["private"])
    signature = base64.b64encode(sign(private, canonical_json(body))).decode()
    job_enqueue(STATEMENT_JOB, payload={"body": body, "signature": signature})
    return body


def statement_hand_over(payload: dict[str, Any]) -> None:
    """The worker's part, outside every transaction: the sink may be given the same statement again."""
    body = payload["body"]
    take = statement_sink(body["kind"])
    take(tenant=current_tenant().uuid, body=body, signature=base64.b64decode(payload["signature"]))
