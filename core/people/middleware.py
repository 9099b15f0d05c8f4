"""Refuses views that declare no access rule, so that a forgotten rule is a closed door."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from core.people.access import STAFF
from core.people.models import Person
from core.people.services import groups_sync
from tenants.registry.hosts import site_of

# Views of libraries that have their own checks; on the staff host they are behind a role of ours as well.
PUBLIC_LIBRARIES = ("wagtail.views", "wagtail.images.views.serve", "django.views.static", "django.views.i18n")
STAFF_LIBRARIES = ("wagtail.", "django.")


class PersonMiddleware:
    """Runs after authentication: closes views without a rule, and Wagtail's editor to anyone without a role.

    What is given to a browser that is signed in is kept by no cache, also where its page says nothing of caches.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        if hasattr(view, "access"):
            return None
        module = getattr(view, "__module__", "")
        if module.startswith(PUBLIC_LIBRARIES):
            return None
        staff_host = site_of(request).purpose == "staff"
        library = staff_host and module.startswith(STAFF_LIBRARIES)
        # Wagtail itself sends a stranger to sign in.
        if library and not request.user.is_authenticated:
            return None
        if library and isinstance(request.user, Person) and STAFF.allows(request.user):
            groups_sync(person=request.user)
            return None
        raise PermissionDenied
