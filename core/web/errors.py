"""Every error has a page in the tenant's look; one table says which, from the error tree."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

from django.db import InterfaceError, OperationalError, ProgrammingError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from redis import RedisError

from core.kernel.errors import CommontyError, Invalid, NotFound, Refused, Unavailable
from core.people.proof import ProofNeeded
from core.ui.neutral import RETRY_SECONDS
from core.web.sign_in import proof_page
from tenants.registry.context import tenant_or_none
from tenants.registry.selectors import tenant_by_uuid

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


READING = frozenset({"GET", "HEAD", "OPTIONS"})
# Whoever signed in on a shared device can leave it.
LEAVING = ("/sign-out/", "/gd/sign-out/")


def suspended(request: HttpRequest, reason: str) -> HttpResponse:
    """The page for whoever would write where everything can only be read."""
    message = _("This site is suspended for now: nothing can be sent or changed. The reason: %(reason)s")
    remedy = _("You can go on reading. Nothing that was sent before is lost.")
    return _page(request, 403, Refused(message % {"reason": reason}, code="tenant.suspended", remedy=remedy))


class ErrorMiddleware:
    """Turns an error of our own tree that no view handled into its page, and keeps a suspended site to reading."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> HttpResponse | None:
        tenant = tenant_or_none()
        if tenant is None or not tenant.is_suspended or request.method in READING or request.path in LEAVING:
            return None
        return suspended(request, tenant.reason)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, ProgrammingError):
            return self._perhaps_suspended(request, exception)
        if not isinstance(exception, CommontyError):
            return None
        if isinstance(exception, ProofNeeded):
            return proof_page(request, exception)
        status = next((code for kind, code in STATUS if isinstance(exception, kind)), 500)
        level = logging.ERROR if status >= 500 else logging.INFO
        log.log(level, "refused %s with %s (%s)", request.path, status, exception.code)
        return _page(request, status, exception)

    @staticmethod
    def _perhaps_suspended(request: HttpRequest, exception: ProgrammingError) -> HttpResponse | None:
        """A right that is missing: taken away a moment ago, or a page that would write while it is only looked at."""
        tenant = tenant_or_none()
        if tenant is None or getattr(exception.__cause__, "sqlstate", "") != "42501":
            return None
        fresh = tenant_by_uuid(tenant.uuid)
        return suspended(request, fresh.reason) if fresh is not None and fresh.is_suspended else None
