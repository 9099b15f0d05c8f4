"""What the national team has published, for everybody to read before they take part: guidance, policies, the pack."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from core.people.access import ANYONE, access
from tenants.office.documents.models import PublishedDocument
from tenants.office.documents.selectors import current, versions

KINDS: dict[str, Any] = {
    PublishedDocument.Kind.ASSURANCE.value: _("Before a council takes part"),
    PublishedDocument.Kind.AGREEMENT.value: _("Before a group takes part"),
    PublishedDocument.Kind.POLICY.value: _("Policies that councils and groups adopt"),
    PublishedDocument.Kind.GUIDANCE.value: _("Guidance"),
}


@require_safe
@access(ANYONE)
def guidance(request: HttpRequest) -> HttpResponse:
    """Every current document by its kind."""
    found = current()
    kinds = [(label, [one for one in found if one.kind == kind]) for kind, label in KINDS.items()]
    return render(request, "hub/guidance.html", {"kinds": [one for one in kinds if one[1]]})


@require_safe
@access(ANYONE)
def document(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """One document as it stands, and what changed when."""
    found = versions(kind, key)
    return render(request, "hub/document.html", {"document": found[0], "versions": found})


@require_safe
@access(ANYONE)
def document_text(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """The same as a file to keep and pass on, with its version and its mark."""
    now = versions(kind, key)[0]
    language = get_language() or "en"
    words = f"{now.title.get(language)}\n\n{now.body.get(language)}\n\n{now.name} {now.version} SHA-256 {now.digest}\n"
    answer = HttpResponse(words, content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{now.key}-{now.version}.txt"'
    return answer
