"""What keeps a signed-in browser honest between its requests: the sign-in still stands, nobody else's pages are left.

Runs after authentication. Whoever reads without a session meets none of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from redis import RedisError

from core.people.proof import SECOND_FACTOR, SHARED, ProofNeeded, proof_lacks
from core.people.sign_ins import sign_in_due, sign_in_stands
from core.people.sso.flow import RENEW_SECONDS
from core.people.sso.sites import RealmKind, realm_kind
from core.web.sign_in import browser_forget, proof_page
from tenants.registry.hosts import Site, site_of

# On a computer that others use: so long without a request, and so long in all.
SHARED_IDLE_SECONDS, SHARED_MOST_SECONDS = 300, 3600
RENEWABLE, SEEN_AT, BEGUN_AT = "renewable", "seen_at", "begun_at"


class SignedInMiddleware:
    """Ends what does not stand any more, asks officers for their second factor, and empties a shared computer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # A page for everybody is the same for everybody: without a cookie nothing here may touch the session.
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or not request.user.is_authenticated:
            return self.get_response(request)
        over = _over(request)
        forget = over and request.session.get(SHARED, False)
        if over:
            logout(request)
        response = self.get_response(request)
        if forget:
            browser_forget(request, response)
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Where officers work, everything but signing in and out waits for the second factor.

        Volunteers of a group are residents: they are asked for it when it matters.
        """
        rule, site = getattr(view, "access", None), site_of(request)
        officers = realm_kind(site.tenant.kind, site.purpose) is RealmKind.STAFF
        if not officers or (rule is not None and rule.anonymous):
            return None
        if not request.user.is_authenticated or not proof_lacks(request, SECOND_FACTOR):
            return None
        return proof_page(request, ProofNeeded(SECOND_FACTOR, back=request.get_full_path(), kept=False))


def _over(request: HttpRequest) -> bool:
    """Whether this session has come to its end; one on a shared computer is seen to be in use, too."""
    session = request.session
    if session.get(SHARED):
        now = time.time()
        if now - session.get(SEEN_AT, 0) > SHARED_IDLE_SECONDS or now - session.get(BEGUN_AT, 0) > SHARED_MOST_SECONDS:
            return True
        session[SEEN_AT] = now
        return False
    return bool(session.get(RENEWABLE)) and _due(request, site_of(request)) and not _stands(request)


def _stands(request: HttpRequest) -> bool:
    return sign_in_stands(site=site_of(request), session_key=request.session.session_key or "")


def _due(request: HttpRequest, site: Site) -> bool:
    """Whether it is time to ask the provider. What cannot be remembered is not asked at each request either."""
    try:
        return sign_in_due(
            session_key=request.session.session_key or "",
            every=RENEW_SECONDS.get(site.purpose, RENEW_SECONDS["public"]),
        )
    except RedisError:
        return False
