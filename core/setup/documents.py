"""Publishing a version of a national document: an officer of the national site asks, a worker signs."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from core.audit.services import job_enqueue
from core.audit.statements import statement_make
from core.kernel.errors import Invalid, Refused
from core.kernel.jobs import Job, Queue
from plugins.api.text import LocalisedText
from tenants.office.documents.models import PublishedDocument
from tenants.office.documents.selectors import current_one
from tenants.office.documents.services import KIND, starters
from tenants.registry.context import current_tenant

DOCUMENT_JOB = Job("setup.document", Queue.DEFAULT)


def document_publish(
    *, kind: str, key: str, title: LocalisedText, body: LocalisedText, change: LocalisedText, seen: int
) -> int:
    """Have the next version published, `seen` being the one it was written over (0 for none); returns its number.

    Call outside a transaction. Raises Invalid without words, Refused for any tenant but the national site, or when
    somebody else has published meanwhile.
    """
    if not current_tenant().is_hub:
        raise Refused("Only the national site publishes documents.", code="document.not_national")
    if kind not in set(PublishedDocument.Kind) or not title.en.strip() or not body.en.strip():
        raise Invalid("A document has a kind, a title and words.", code="document.malformed")
    if seen and not change.en.strip():
        raise Invalid("Say what is different from the version before.", code="document.no_change")
    last = current_one(kind, key)
    if (last.version if last else 0) != seen:
        raise Refused(
            "Another version was published while you were writing.",
            code="document.version",
            remedy="Read it, and publish yours as the next.",
        )
    facts = {
        "document": {"kind": kind, "key": key},
        "version": seen + 1,
        "title": title.as_json(),
        "body": body.as_json(),
        "change": change.as_json(),
    }
    with transaction.atomic():
        job_enqueue(DOCUMENT_JOB, payload=facts)
    return seen + 1


def document_sign(payload: dict[str, Any]) -> None:
    """The worker's part."""
    named = payload["document"]
    statement_make(kind=KIND, key=f"{named['kind']}/{named['key']}", facts=lambda: payload)


def starters_publish() -> int:
    """Publish those of the starter texts of which there is no version yet; returns how many."""
    done = 0
    for seed in starters():
        if current_one(seed["kind"], seed["key"]) is None:
            document_publish(**seed, change=LocalisedText(""), seen=0)
            done += 1
    return done
