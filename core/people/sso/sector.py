"""The sector host: a document for each tenant that lists where its sign-ins may come back to.

Keycloak fetches it before it accepts a client with pairwise subjects. The host is constant, so that a tenant may be
renamed or get a domain of its own and its people stay who they are. It serves nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse

from core.people.sso.realm.clients import registered, returns
from core.people.sso.salts import sector_host
from tenants.registry.hosts import host_name
from tenants.registry.middleware import unknown_host

DOCUMENT = re.compile(r"^/([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})\.json$")


class SectorMiddleware:
    """Outermost: the sector host has no tenant, and no tenant's page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if host_name(request.META.get("HTTP_HOST")) != sector_host():
            return self.get_response(request)
        answer = self._document(request)
        answer["X-Content-Type-Options"] = "nosniff"
        return answer

    def _document(self, request: HttpRequest) -> HttpResponse:
        found = DOCUMENT.match(request.path)
        if found is None or request.method not in ("GET", "HEAD"):
            return unknown_host()
        rows = [one for one in registered(UUID(found[1])) if not one.gone]
        return JsonResponse(returns(rows[0].hosts), safe=False) if rows else unknown_host()
