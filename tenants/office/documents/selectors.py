"""Reads of what is published. Everybody may read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.kernel.errors import NotFound
from plugins.api.text import LocalisedText
from tenants.office.documents.models import PublishedDocument
from tenants.registry.context import in_public


@dataclass(frozen=True, slots=True)
class Document:
    """One version."""

    kind: str
    key: str
    version: int
    title: LocalisedText
    body: LocalisedText
    change: LocalisedText
    digest: str
    published_at: datetime

    @property
    def name(self) -> str:
        return f"{self.kind}/{self.key}"


def _document(row: PublishedDocument) -> Document:
    return Document(row.kind, row.key, row.version, row.title, row.body, row.change, row.digest, row.published_at)


def versions(kind: str, key: str) -> list[Document]:
    """Every version, the newest first. Raises NotFound where there is none."""
    with in_public():
        found = [_document(row) for row in PublishedDocument.objects.filter(kind=kind, key=key).order_by("-version")]
    if not found:
        raise NotFound("There is no such document.", code="document.unknown")
    return found


def current(kind: str = "") -> list[Document]:
    """The newest version of each document, of one kind where it is named."""
    filters: dict[str, Any] = {"kind": kind} if kind else {}
    with in_public():
        rows = PublishedDocument.objects.filter(**filters).order_by("kind", "key", "-version").distinct("kind", "key")
        return [_document(row) for row in rows]


def current_one(kind: str, key: str) -> Document | None:
    """The newest version of one document, or None."""
    with in_public():
        row = PublishedDocument.objects.filter(kind=kind, key=key).order_by("-version").first()
    return _document(row) if row else None
