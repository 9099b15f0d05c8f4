"""Signing in and out, on public and staff hosts alike."""

from __future__ import annotations

import logging
import re
from datetime import timedelta

from django.conf import settings
from django.contrib.auth import login, logout
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from core.kernel.crypto import digest, token_open, token_seal
from core.kernel.errors import CommontyError, Invalid, Refused, Unavailable
from core.people.access import ANYONE, access
from core.people.services import person_know
from core.people.sso.flow import begin, finish
from tenants.registry.context import current_tenant
from tenants.registry.hosts import site_of

log = logging.getLogger(__name__)
BACKEND = "core.people.backends.GrantBackend"
NOTE_SECONDS = 600
SESSION_EMAIL = "session-email"
# A path on this host: one slash, then no second slash or backslash, and nothing that is not printable.
OWN_PATH = re.compile(r"^/(?![/\\])[\x21-\x5b\x5d-\x7e]*$")


def own_path(value: str) -> str:
    """`value` where it is a plain path on this host, else the front page."""
    return value if len(value) <= 500 and OWN_PATH.fullmatch(value) and not value.startswith("/sign-") else "/"


def _note_name(state: str) -> str:
    """Each sign-in has a cookie of its own, so that two tabs do not disturb each other."""
    mark = digest(state.encode())[:12]
    return f"__Host-sign-in-{mark}" if settings.SESSION_COOKIE_SECURE else f"sign-in-{mark}-{settings.ENV.port}"


def session_email_keep(request: HttpRequest, email: str) -> None:
    """Keep the address the provider has verified for as long as the session, encrypted and with no person.

    It is needed once, so that somebody who has voted with a code by e-mail is found again; never to link accounts.
    """
    if email:
        life = timedelta(seconds=settings.SESSION_COOKIE_AGE)
        sealed = token_seal(SESSION_EMAIL, current_tenant().uuid, {"email": email}, ttl=life)
        request.session["verified_email"] = sealed


def session_email(request: HttpRequest) -> str:
    """The verified address of whoever is signed in, or nothing."""
    try:
        kept = token_open(SESSION_EMAIL, current_tenant().uuid, request.session.get("verified_email", ""))
    except Invalid:
        return ""
    return str(kept["email"])


def _problem(request: HttpRequest, error: CommontyError, next_path: str = "/") -> HttpResponse:
    status = 503 if isinstance(error, Unavailable) else 403
    log.info("sign-in refused with %s (%s)", status, error.code)
    context = {"error": error, "next": next_path, "staff": site_of(request).purpose == "staff"}
    return render(request, "sign_in/problem.html", context, status=status)


@require_GET
@never_cache
@access(ANYONE)
def sign_in(request: HttpRequest) -> HttpResponseBase:
    """Send the browser to the provider; a bad `next` becomes the front page."""
    next_path = own_path(request.GET.get("next", "/"))
    _speak(next_path)
    try:
        begun = begin(site_of(request), next_path=next_path)
    except CommontyError as error:
        return _problem(request, error, next_path)
    response = HttpResponseRedirect(begun.url)
    response.set_cookie(
        _note_name(begun.state),
        begun.note,
        max_age=NOTE_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


@require_GET
@never_cache
@access(ANYONE)
def callback(request: HttpRequest) -> HttpResponseBase:
    """Take the browser back, make the session anew, and go on to where the person wanted to be."""
    state = request.GET.get("state", "")
    name = _note_name(state)
    try:
        if request.GET.get("error"):
            raise Refused(
                _("You have not signed in."),
                code="sign_in.cancelled",
                remedy=_("You can try again, or go on reading without signing in."),
            )
        attempt = finish(
            site_of(request),
            note=request.COOKIES.get(name, ""),
            state=state,
            code=request.GET.get("code", ""),
            issuer=request.GET.get("iss", ""),
        )
        person = person_know(
            issuer=attempt.identity.issuer,
            subject=attempt.identity.subject,
            display_name=attempt.identity.display_name,
        )
        if not person.is_active:
            raise Refused(
                _("This account is closed here."), code="sign_in.closed", remedy=_("Ask the council's officers.")
            )
    except CommontyError as error:
        response: HttpResponse = _problem(request, error)
    else:
        with transaction.atomic():
            # Whatever session this browser had is given up: its number may be known to somebody else.
            request.session.flush()
            login(request, person, backend=BACKEND)
            request.session["signed_in_at"] = timezone.now().isoformat()
            session_email_keep(request, attempt.identity.email)
        response = HttpResponseRedirect(own_path(attempt.next))
    if name in request.COOKIES:
        response.delete_cookie(name, samesite="Lax")
    return response


@require_POST
@never_cache
@access(ANYONE)
def sign_out(request: HttpRequest) -> HttpResponseBase:
    """End the session on this host."""
    with transaction.atomic():
        logout(request)
    return HttpResponseRedirect("/")


def _speak(next_path: str) -> None:
    """These addresses have no language of their own: the page the person came from decides."""
    if next_path.startswith("/gd/"):
        translation.activate("gd")


sign_in_urls = [
    path("sign-in/", sign_in, name="sign-in"),
    path("sign-in/callback/", callback, name="sign-in-callback"),
    path("sign-out/", sign_out, name="sign-out"),
]
