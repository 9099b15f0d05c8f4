"""Chooses the tenant of a request from its host, enters it, and leaves everything afterwards."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, cast

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import set_urlconf
from django.utils.log import log_response

from core.kernel import telemetry
from core.kernel.errors import Limited
from core.kernel.ids import public_id
from core.ui.neutral import too_many, unavailable
from tenants.registry.context import Role, in_tenant, leave_everything
from tenants.registry.elsewhere import led_on
from tenants.registry.hosts import Site, site_for
from tenants.registry.limits import STAFF, What, take, turned_away
from tenants.registry.turns import TURNS

URLCONFS = {
    ("hub", "public"): "core.project.urls_hub",
    ("hub", "staff"): "core.project.urls_hub_staff",
}
ROLES = {"public": Role.VOTER, "staff": Role.STAFF, "files": Role.VOTER}
UNKNOWN_BODY = b"Not found\n"


def urlconf_of(site: Site) -> str:
    kind = "hub" if site.tenant.is_hub else "site"
    return URLCONFS.get((kind, site.purpose), f"core.project.urls_{site.purpose}")


def unknown_host() -> HttpResponse:
    """The same bytes for every host we do not know, so that nothing can be learned by asking."""
    return HttpResponse(UNKNOWN_BODY, status=404, content_type="text/plain; charset=utf-8")


def _aside(execute: Callable[..., Any], *asked: Any) -> Any:
    """Before each question to the database, where a page can best wait for another."""
    TURNS.stand_aside()
    return execute(*asked)


class TenantMiddleware:
    """Outermost. Inside it, and nowhere else, a request has a tenant."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            try:
                site = site_for(request.META.get("HTTP_HOST"))
            except (OperationalError, InterfaceError):
                return self._nobody_to_ask(request)
            if site is None:
                return led_on(request) or unknown_host()
            with ExitStack() as turn:
                try:
                    self._admit(request, site, turn)
                except Limited as error:
                    return too_many(request.path, error.retry_after)
                return self._answer(request, site)
        finally:
            telemetry.clear_context()
            set_urlconf(None)
            leave_everything()

    def _answer(self, request: HttpRequest, site: Site) -> HttpResponseBase:
        request.commonty_site = site  # type: ignore[attr-defined]  # read by hosts.site_of
        urlconf = urlconf_of(site)
        request.urlconf = urlconf
        set_urlconf(urlconf)
        telemetry.bind_context(tenant=str(site.tenant.uuid), request=public_id())
        with in_tenant(site.tenant, role=ROLES[site.purpose]):
            response = self.get_response(request)
            if response.status_code >= 400:
                # Django would log it after we have left, when nobody knows any more whose it was.
                answered = cast(HttpResponse, response)
                log_response("%s: %s", response.reason_phrase, request.path, response=answered, request=request)
            if response.streaming and not getattr(response, "file_to_stream", None):
                # A streamed body would be read after we have left the tenant.
                content = b"".join(response)
                headers = dict(response.items())
                response = HttpResponse(content, status=response.status_code, headers=headers)
        return response

    @staticmethod
    def _admit(request: HttpRequest, site: Site, turn: ExitStack) -> None:
        """Count a page, and wait for its turn.

        Raises Limited for a tenant whose rush is over its limit or whose line is too long: that answer costs next to
        nothing, so nobody else's pages wait.

        Files of the look and of the tenant are not pages; what is sent waits for nobody, so that nothing is lost.
        """
        if site.purpose == "files" or request.path.startswith(settings.STATIC_URL):
            return
        take(site.tenant, What.REQUESTS, part=STAFF if site.purpose == "staff" else "")
        if request.method in ("GET", "HEAD"):
            try:
                turn.enter_context(TURNS.turn((site.tenant.uuid, site.purpose)))
                turn.enter_context(connection.execute_wrapper(_aside))
            except Limited:
                turned_away(site.tenant)
                raise

    def _nobody_to_ask(self, request: HttpRequest) -> HttpResponseBase:
        """The database is away and this process has not seen the host before: the page that says so, and its look."""
        telemetry.logger(__name__).error("the database does not answer, so no tenant is known")
        if request.path.startswith(settings.STATIC_URL):
            answer = self.get_response(request)
            if answer.status_code in (200, 304):
                return answer
        return unavailable(request.path)
