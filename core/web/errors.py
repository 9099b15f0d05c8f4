"""Every error has a page in the tenant's look; one table says which, from the error tree."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, ProgrammingError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from redis import RedisError

from core.kernel.clock import SystemClock
from core.kernel.errors import CommontyError, Invalid, Limited, NotFound, Refused, Unavailable
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
    (Limited, 429),
    (Unavailable, 503),
)
TEMPLATES = {400: "403.html", 403: "403.html", 404: "404.html", 429: "429.html", 503: "503.html"}
# Cut by the database because it took longer than its role may.
TOO_LONG = "57014"
LIMIT_WORDS = {
    "requests": gettext_lazy(
        "Very many people are looking at this website just now, so this page was not made for you."
    ),
    "mails": gettext_lazy("This website has sent as many messages as it may for now."),
    "exports": gettext_lazy("This website has made as many exports as it may for now."),
    "storage": gettext_lazy("This website's files take all the space they may."),
    "reports": gettext_lazy("This website has as many reports under way as it may."),
}


def _page(request: HttpRequest, status: int, error: CommontyError | None = None) -> HttpResponse:
    template = TEMPLATES.get(status, "500.html")
    context: dict[str, Any] = {"error": error, "status": status}
    retry = RETRY_SECONDS if status == 503 else ""
    if isinstance(error, Limited):
        context |= _limited(error)
        retry = str(error.retry_after or "")
    response = render(request, template, context, status=status)
    response["Cache-Control"] = "no-store"
    if retry:
        response["Retry-After"] = retry
    return response


def _limited(error: Limited) -> dict[str, Any]:
    """What was used up, and when some of it is free again: in seconds while those are few, else the moment."""
    told = Limited(error.what, retry_after=error.retry_after)
    told.message = LIMIT_WORDS.get(error.what, error.message)
    told.remedy = (
        "" if error.retry_after else _("Remove what is not needed any more, or ask the national team for more.")
    )
    far = error.retry_after > FEW_SECONDS
    again = SystemClock().now() + timedelta(seconds=error.retry_after) if far else None
    return {"error": told, "again_at": again, "retry_after": 0 if far else error.retry_after}


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Called by Django while the error is at hand: what needs only patience is no fault of ours."""
    error = sys.exc_info()[1]
    if getattr(error.__cause__ if error else None, "sqlstate", "") == TOO_LONG:
        return _page(request, 503, _too_long())
    return _page(request, 503 if isinstance(error, AWAY) else 500)


def _too_long() -> Unavailable:
    return Unavailable(
        _("This took too long, so it was stopped."),
        code="request.too_long",
        remedy=_("Ask for less at once, or try again when fewer people are here."),
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form came without its token: usually a page that stood open for long, or another site's form."""
    return _page(request, 403)


FEW_SECONDS = 120
READING = frozenset({"GET", "HEAD", "OPTIONS"})
# Whoever signed in on a shared device can leave it.
LEAVING = ("/sign-out/", "/gd/sign-out/")


def suspended(request: HttpRequest, reason: str) -> HttpResponse:
    """The page for whoever would write where everything can only be read."""
    message = _("This site is suspended for now: nothing can be sent or changed. The reason: %(reason)s")
    remedy = _("You can go on reading. Nothing that was sent before is lost.")
    # Words of the service's own, as those of a move, are known in both languages; an operator's are as they were typed.
    words = _(reason) if reason else ""
    return _page(request, 403, Refused(message % {"reason": words}, code="tenant.suspended", remedy=remedy))


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
