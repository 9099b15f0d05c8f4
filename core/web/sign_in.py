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
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from core.kernel.crypto import digest, token_open, token_seal
from core.kernel.errors import CommontyError, Invalid, Refused, Unavailable
from core.people.access import ANYONE, access
from core.people.services import person_know, sessions_end
from core.people.sessions import PROVIDER_MARK
from core.people.sso.flow import Asked, begin, finish, signed_out_address
from core.people.sso.logout import ended_by, session_mark
from tenants.registry.context import current_tenant
from tenants.registry.hosts import site_of

log = logging.getLogger(__name__)
BACKEND = "core.people.backends.GrantBackend"
NOTE_SECONDS = 600
SESSION_EMAIL = "session-email"
SESSION_TOKEN = "session-token"  # noqa: S105  # the name of a purpose
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


def session_token_keep(request: HttpRequest, token: str) -> None:
    """Keep what the provider wants to see at sign-out, encrypted: in it is a value that is the same at every tenant."""
    life = timedelta(seconds=settings.SESSION_COOKIE_AGE)
    request.session["signed_in_with"] = token_seal(SESSION_TOKEN, current_tenant().uuid, {"token": token}, ttl=life)


def session_token(request: HttpRequest) -> str:
    try:
        kept = token_open(SESSION_TOKEN, current_tenant().uuid, request.session.get("signed_in_with", ""))
    except Invalid:
        return ""
    return str(kept["token"])


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
    language = translation.get_language() or ""
    try:
        begun = begin(site_of(request), next_path=next_path, asked=Asked(language=language[:2]))
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
            request.session["level"] = attempt.identity.level
            request.session["proved_at"] = attempt.identity.proved_at
            request.session[PROVIDER_MARK] = session_mark(
                current_tenant().uuid, attempt.identity.issuer, attempt.identity.session
            )
            session_token_keep(request, attempt.token)
            session_email_keep(request, attempt.identity.email)
        response = HttpResponseRedirect(own_path(attempt.next))
    if name in request.COOKIES:
        response.delete_cookie(name, samesite="Lax")
    return response


@require_POST
@never_cache
@access(ANYONE)
def sign_out(request: HttpRequest) -> HttpResponseBase:
    """End the session on this host, then the provider's, so that nobody after this person is signed in by it."""
    onward, unanswered = "", False
    try:
        onward = signed_out_address(site_of(request), token=session_token(request))
    except Unavailable:
        unanswered = request.user.is_authenticated
    with transaction.atomic():
        logout(request)
    if not onward and not unanswered:
        return HttpResponseRedirect("/")
    response = render(request, "sign_in/signed_out.html", {"onward": onward})
    if onward:
        # Not a redirect: the page's own policy keeps forms on this host, and browsers follow it through redirects.
        response["Refresh"] = f"0; url={onward}"
    return response


@csrf_exempt
@require_POST
@never_cache
@access(ANYONE)
def back_channel(request: HttpRequest) -> HttpResponse:
    """The provider says that somebody has signed out: their sessions here end. It shows who it is by its signature."""
    try:
        ended = ended_by(site_of(request), request.POST.get("logout_token", ""))
    except Unavailable:
        return HttpResponse(status=503)
    except Invalid as error:
        log.warning("a logout token was refused (%s)", error.code)
        return HttpResponse(status=400)
    number = sessions_end(issuer=ended.issuer, subject=ended.subject, marks=ended.marks)
    log.info("the provider ended %s sessions", number)
    return HttpResponse(status=200)


def _speak(next_path: str) -> None:
    """These addresses have no language of their own: the page the person came from decides."""
    if next_path.startswith("/gd/"):
        translation.activate("gd")


sign_in_urls = [
    path("sign-in/", sign_in, name="sign-in"),
    path("sign-in/callback/", callback, name="sign-in-callback"),
    path("sign-out/", sign_out, name="sign-out"),
    path("sign-out/back-channel/", back_channel, name="back-channel"),
]
