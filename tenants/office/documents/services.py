"""Taking in a document that the national site has signed, and the starter texts it can begin with."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction

from core.kernel.crypto import canonical_json, digest, verify
from core.kernel.errors import Invalid, NotFound, Refused
from plugins.api.text import LocalisedText
from tenants.office.documents.models import PublishedDocument
from tenants.registry.context import in_public
from tenants.registry.models import Tenant

KIND = "document"
SEEDS = Path(__file__).parent / "seeds"


def document_take(*, tenant: UUID, body: Mapping[str, Any], signature: bytes) -> int:
    """Publish a signed version and return its number; the same one again changes nothing.

    Raises Invalid for a body that is none, Refused for anybody but the national site, a signature that is not its own,
    or a version that is not the next.
    """
    try:
        named, version = body["document"], body["version"]
        kind, key = PublishedDocument.Kind(named["kind"]), str(named["key"])
        title, text, change = (LocalisedText(**body[name]) for name in ("title", "body", "change"))
    except (KeyError, ValueError, TypeError) as error:
        raise Invalid("This is no document.", code="document.malformed") from error
    if type(version) is not int or version < 1 or not title.en.strip() or not text.en.strip():
        raise Invalid("A document has a title, words and a version.", code="document.malformed")
    signed = canonical_json(dict(body))
    with in_public(), transaction.atomic():
        # Held until the end, so that two versions are compared one after the other.
        row = Tenant.objects.select_for_update().filter(id=tenant).first()
        if row is None or row.signing_key is None:
            raise NotFound("There is no such tenant.", code="tenant.unknown")
        if row.kind != Tenant.Kind.HUB or body.get("tenant") != str(tenant):
            raise Refused("Only the national site publishes documents.", code="document.not_national")
        if not verify(bytes(row.signing_key), signed, signature):
            raise Refused("The signature is not the national site's.", code="document.signature")
        last = PublishedDocument.objects.filter(kind=kind, key=key).order_by("-version").first()
        if last is not None and last.version == version and last.digest == digest(signed):
            return version
        if version != (last.version if last else 0) + 1:
            raise Refused(
                "Another version was published meanwhile.",
                code="document.version",
                remedy="Read it, and publish yours as the next.",
            )
        PublishedDocument.objects.create(
            kind=kind,
            key=key,
            version=version,
            title=title,
            body=text,
            change=change,
            signed=dict(body),
            digest=digest(signed),
            signature=signature,
        )
    return version


def starters() -> list[dict[str, Any]]:
    """The texts a new service can begin with: kind, key, title, body, each in both languages."""
    found = []
    for path in sorted(SEEDS.glob("*.toml")):
        seed = tomllib.loads(path.read_text(encoding="utf-8"))
        found.append(
            {
                "kind": seed["kind"],
                "key": path.stem,
                "title": LocalisedText(**seed["title"]),
                "body": LocalisedText(seed["body"]["en"].strip(), seed["body"]["gd"].strip()),
            }
        )
    return found
