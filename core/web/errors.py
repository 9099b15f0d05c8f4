"""Every error has a page in the tenant's look; one table says which, from the error tree."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from redis import RedisError

from core.kernel.errors import CommontyError, Invalid, NotFound, Refused, Unavailable
from core.ui.neutral import RETRY_SECONDS

log = logging.getLogger(__name__)
# A service we stand on that does not answer; trying again later may help.
AWAY = (OperationalError, InterfaceError, RedisError)
STATUS: tuple[tuple[type[CommontyError], int], ...] = (
    (NotFound, 404),
    (Invalid, 400),
    (Refused, 403),
    (Unavailable, 503),
)


def _page(request: HttpRequest, status: int, error: CommontyError | None = None) -> HttpResponse:
    template = {400: "403.html", 403: "403.html", 404: "404.html", 503: "503.html"}.get(status, "500.html")
    response = render(request, template, {"error": error, "status": status}, status=status)
    response["Cache-Control"] = "no-store"
    if status == 503:
        response["Retry-After"] = RETRY_SECONDS
    return response


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Called by Django while the error is at hand: what needs only patience is no fault of ours."""
    away = isinstance(sys.exc_info()[1], AWAY)
    return _page(request, 503 if away else 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form came without its token: usually a page that stood open for long, or another site's form."""
    return _page(request, 403)


class ErrorMiddleware:
    """Turns an error of our own tree that no view handled into its page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, CommontyError):
            return None
        status = next((code for kind, code in STATUS if isinstance(exception, kind)), 500)
        level = logging.ERROR if status >= 500 else logging.INFO
        log.log(level, "refused %s with %s (%s)", request.path, status, exception.code)
        return _page(request, status, exception)
