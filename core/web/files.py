"""User files, from the files host only: pictures that were made anew, and documents to keep; nothing that runs."""

from __future__ import annotations

import mimetypes

from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse

from core.people.access import ANYONE, access

# Where a public file may lie, and what it may be. Everything else a tenant has uploaded stays where it is: also the
# pictures as they came in, with whatever the camera noted in them.
PICTURES = ("image/png", "image/jpeg", "image/webp")
PUBLIC: dict[str, tuple[str, ...]] = {
    "images/": PICTURES,
    "proposals/": PICTURES,
    "documents/": ("application/pdf",),
}


@access(ANYONE)
def public_file(request: HttpRequest, name: str) -> HttpResponse:
    """A public file of this tenant. Anything else is not found, whether it exists or not."""
    kind, _ = mimetypes.guess_type(name)
    allowed = next((kinds for prefix, kinds in PUBLIC.items() if name.startswith(prefix)), ())
    if kind not in allowed or ".." in name.split("/"):
        raise Http404
    if not default_storage.exists(name):
        raise Http404
    with default_storage.open(name) as opened:
        response = HttpResponse(opened.read(), content_type=kind)
    response["Cache-Control"] = "public, max-age=86400"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    if kind not in PICTURES:
        response["Content-Disposition"] = "attachment"
    return response
