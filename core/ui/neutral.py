"""Pages in nobody's look: the database is away, so nobody can be asked whose site this is, or a rush is under way and
every page that is not shown must cost next to nothing."""

from __future__ import annotations

from functools import lru_cache

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils import translation

from core.ui.context import GAELIC
from core.ui.csp import PUBLIC

RETRY_SECONDS = "30"


def unavailable(path: str) -> HttpResponse:
    """503 in the language of the address that was asked."""
    return _page(path, "503.html", 503, RETRY_SECONDS)


@lru_cache(maxsize=64)
def _too_many(gaelic: bool, seconds: int) -> bytes:
    return _page(GAELIC if gaelic else "/", "429.html", 429, str(seconds)).content


def too_many(path: str, seconds: int) -> HttpResponse:
    """429: how many seconds to wait. Made once for each number of them."""
    response = HttpResponse(_too_many(path.startswith(GAELIC), seconds), status=429)
    return _headed(response, str(seconds))


def _page(path: str, template: str, status: int, retry: str) -> HttpResponse:
    gaelic = path.startswith(GAELIC)
    language = "gd" if gaelic else "en"
    words = {
        "language": language,
        "english_path": "/" + path.removeprefix(GAELIC) if gaelic else path,
        "gaelic_path": path if gaelic else GAELIC.rstrip("/") + path,
        "retry_after": int(retry),
    }
    with translation.override(language):
        response = HttpResponse(render_to_string(template, words), status=status)
    return _headed(response, retry)


def _headed(response: HttpResponse, retry: str) -> HttpResponse:
    response["Retry-After"] = retry
    response["Cache-Control"] = "no-store"
    response["Content-Security-Policy"] = PUBLIC.format(files="")
    return response
