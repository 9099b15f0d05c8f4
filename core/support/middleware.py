"""Records each page that somebody with support access asks for, before it is shown, and lets them change nothing."""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from core.people.models import Person
from core.support.services import view_note
from tenants.registry.hosts import site_of

READING = frozenset({"GET", "HEAD", "OPTIONS"})
# Leaving is always allowed.
LEAVING = ("/sign-out/", "/support/leave/")


class SupportMiddleware:
    """Runs after the person is known. One small query on a staff host, none elsewhere."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        user = request.user
        if site_of(request).purpose == "staff" and isinstance(user, Person):
            here = view_note(person=user, method=str(request.method), path=request.path)
            if here and request.method not in READING and request.path not in LEAVING:
                raise PermissionDenied
        return self.get_response(request)
