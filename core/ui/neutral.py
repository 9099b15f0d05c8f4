"""The one page that is in nobody's look: the database is away, so nobody can be asked whose site this is."""

from __future__ import annotations

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils import translation

from core.ui.context import GAELIC
from core.ui.csp import PUBLIC

RETRY_SECONDS = "30"


def unavailable(path: str) -> HttpResponse:
    """503 in the language of the address that was asked."""
    gaelic = path.startswith(GAELIC)
    words = {
        "language": "gd" if gaelic else "en",
        "english_path": "/" + path.removeprefix(GAELIC) if gaelic else path,
        "gaelic_path": path if gaelic else GAELIC.rstrip("/") + path,
    }
    with translation.override(words["language"]):
        response = HttpResponse(render_to_string("503.html", words), status=503)
    response["Retry-After"] = RETRY_SECONDS
    response["Cache-Control"] = "no-store"
    response["Content-Security-Policy"] = PUBLIC.format(files="")
    return response
