"""User files, from the files host only: pictures, re-encoded when they came in, never anything that runs."""

from __future__ import annotations

import mimetypes

from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse

from core.people.access import ANYONE, access

# Everything else a tenant has uploaded is private until an access check of its own serves it.
PUBLIC_PREFIXES = ("images/", "original_images/", "proposals/")
PUBLIC_TYPES = ("image/png", "image/jpeg", "image/webp")


@access(ANYONE)
def public_file(request: HttpRequest, name: str) -> HttpResponse:
    """A public picture of this tenant. Anything else is not found, whether it exists or not."""
    kind, _ = mimetypes.guess_type(name)
    if not name.startswith(PUBLIC_PREFIXES) or kind not in PUBLIC_TYPES or ".." in name.split("/"):
        raise Http404
    if not default_storage.exists(name):
        raise Http404
    with default_storage.open(name) as opened:
        response = HttpResponse(opened.read(), content_type=kind)
    response["Cache-Control"] = "public, max-age=86400"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
