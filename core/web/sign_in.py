"""Signing in and out, on public and staff hosts alike."""

from __future__ import annotations

import logging
import re
import time
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.kernel.crypto import digest, token_open, token_seal
from core.kernel.errors import CommontyError, Invalid, Refused, Unavailable
from core.people.access import ANYONE, access
from core.people.group_roles import groups_compare, groups_wanted
from core.people.proof import KEPT, LEVEL, PROVED_AT, RULES, SECOND_FACTOR, SHARED, ProofNeeded
from core.people.services import person_know, sessions_end, strange_address_tell
from core.people.sessions import PROVIDER_MARK
from core.people.sign_ins import sign_in_due, sign_in_keep
from core.people.sso.door import levels_stated, provider_origin
from core.people.sso.flow import (
    RENEW_SECONDS,
    Asked,
    Attempt,
    begin,
    finish,
    national_session_end,
    note_open,
    signed_out_address,
)
from core.people.sso.logout import ended_by, session_mark
from core.people.sso.sites import SIGNED_OUT, RealmKind, realm_kind
from core.ui.csp import forms_lead_to
from core.web.attested import attested_keep
from tenants.registry.context import current_tenant
from tenants.registry.hosts import site_of

log = logging.getLogger(__name__)
BACKEND = "core.people.backends.GrantBackend"
NOTE_SECONDS = 600
# When somebody who could not sign in is told to try again.
RETRY_SECONDS = 120
# A browser that asked for it is signed in without a page for so long, as long as the provider's session stands.
KEEP_ME, KEEP_SECONDS = "sign-in/keep-me", 30 * 24 * 60 * 60
LEVEL_TWO = SECOND_FACTOR.level
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


def _problem(request: HttpRequest, error: CommontyError, next_path: str = "/", *, prove: str = "") -> HttpResponse:
    """Says why, and leads back to signing in: with `prove` to the proof that would have been enough."""
    status = 503 if isinstance(error, Unavailable) else 403
    log.info("sign-in refused with %s (%s)", status, error.code)
    down = status == 503
    context = {
        "error": error,
        "next": next_path,
        "prove": prove,
        "staff": site_of(request).purpose == "staff",
        "down": down,
        # Whoever was on the way to a vote finds the other ways of it where they came from.
        "ways": next_path.partition("?")[0] if "/vote/prove/" in next_path else "",
    }
    response = render(request, "sign_in/problem.html", context, status=status)
    if down:
        response["Retry-After"] = str(RETRY_SECONDS)
    return response


def proof_page(request: HttpRequest, needed: ProofNeeded) -> HttpResponse:
    """Says that more proof is needed, what would be enough, and leads there. What was filled in waits."""
    strong = needed.rule.level > 1
    onward = "/sign-in/?" + urlencode({"prove": needed.rule.name, "next": own_path(needed.back)})
    context = {
        "onward": onward,
        "strong": strong,
        # Whoever has no second factor at all meets this before anything else on a staff host.
        "first": needed.rule is SECOND_FACTOR,
        "kept": needed.kept,
        "lost": request.method == "POST" and not needed.kept,
        "minutes": (needed.rule.within or 0) // 60,
    }
    response = render(request, "sign_in/prove_again.html", context, status=403)
    response["Cache-Control"] = "no-store"
    return response


def browser_forget(request: HttpRequest, response: HttpResponseBase) -> None:
    """Take from a browser everything this site has left in it."""
    for name in request.COOKIES:
        if name != settings.LANGUAGE_COOKIE_NAME:
            response.delete_cookie(name, samesite="Lax")
    # Not "cookies": browsers would take those of every other council along.
    response["Clear-Site-Data"] = '"cache", "storage"'


def _keeps(request: HttpRequest) -> bool:
    """Whether this browser once asked this tenant to sign it in without a page."""
    try:
        token_open(KEEP_ME, current_tenant().uuid, request.COOKIES.get(_keep_name(), ""))
    except Invalid:
        return False
    return True


def _keep_name() -> str:
    return "__Host-keep-me" if settings.SESSION_COOKIE_SECURE else f"keep-me-{settings.ENV.port}"


def _cookie(response: HttpResponseBase, name: str, value: str, *, seconds: int) -> None:
    secure = settings.SESSION_COOKIE_SECURE
    response.set_cookie(name, value, max_age=seconds, secure=secure, httponly=True, samesite="Lax")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@access(ANYONE)
def sign_in(request: HttpRequest) -> HttpResponseBase:
    """Residents are asked first whose computer this is; everybody else is sent to the provider at once.

    A bad `next` becomes the front page. `prove` names the proof somebody was asked for.
    """
    site, given = site_of(request), request.POST if request.method == "POST" else request.GET
    next_path = own_path(given.get("next", "/"))
    _speak(next_path)
    rule = RULES.get(given.get("prove", ""))
    # Only on the way to a vote is anything asked of a national provider beyond who somebody is.
    asked = Asked(language=(translation.get_language() or "")[:2], proof="/vote/prove/" in next_path)
    if rule is not None:
        shared = bool(request.session.get(SHARED))
        asked = replace(asked, level=rule.level, within=rule.within, fresh=rule.level < LEVEL_TWO, shared=shared)
    elif request.method == "POST":
        shared = "shared" in given
        asked = replace(asked, shared=shared, fresh=shared, keep="keep" in given and not shared)
    elif site.purpose == "staff":
        # Officers: asked for at once and insisted on behind, so that whoever has no second factor is told how to get
        # one. Volunteers of a group are residents, who are asked when it matters.
        officers = realm_kind(site.tenant.kind, site.purpose) is RealmKind.STAFF
        wished = LEVEL_TWO if officers and levels_stated() else 0
        asked = replace(asked, wished=wished, groups=officers and groups_wanted())
    elif "asked" not in given and _keeps(request):
        asked = replace(asked, silent=True)
    else:
        response: HttpResponse = render(request, "sign_in/sign_in.html", {"next": next_path})
        forms_lead_to(response, provider_origin())
        return response
    try:
        begun = begin(site, next_path=next_path, asked=asked)
    except CommontyError as error:
        return _problem(request, error, next_path)
    response = HttpResponseRedirect(begun.url)
    if request.method == "POST" and not begun.url.startswith(provider_origin() + "/"):
        # Browsers follow the page's policy of where forms may lead through redirects: elsewhere it goes by a page.
        response = render(request, "sign_in/onward.html", {"onward": begun.url})
        response["Refresh"] = f"0; url={begun.url}"
    _cookie(response, _note_name(begun.state), begun.note, seconds=NOTE_SECONDS)
    return response


@require_GET
@never_cache
@access(ANYONE)
def callback(request: HttpRequest) -> HttpResponseBase:
    """Take the browser back, make the session anew, and go on to where the person wanted to be."""
    given = _answer(request)
    state = given.get("state", "")
    name = _note_name(state)
    note = request.COOKIES.get(name, "")
    try:
        if given.get("error"):
            response: HttpResponseBase = _not_signed_in(request, note=note, state=state)
        else:
            response = _signed_in(request, given, note=note)
    except CommontyError as error:
        noted = _noted(request, note=note, state=state)
        short = error.code in ("sign_in.level", "sign_in.stale")
        asked = (noted.get("level"), noted.get("within"))
        prove = next((one.name for one in RULES.values() if short and (one.level, one.within) == asked), "")
        response = _problem(request, error, own_path(str(noted.get("next", "/"))), prove=prove)
    if name in request.COOKIES:
        response.delete_cookie(name, samesite="Lax")
    return response


def _answer(request: HttpRequest) -> dict[str, str]:
    """What the provider answers; nothing where anything is said twice, since another reader may take the other one."""
    given = request.GET
    return given.dict() if all(len(values) == 1 for _name, values in given.lists()) else {}


def _wanted(request: HttpRequest, *, note: str, state: str) -> str:
    """Where the person wanted to be; the front page where this browser began no such sign-in."""
    return own_path(str(_noted(request, note=note, state=state).get("next", "/")))


def _noted(request: HttpRequest, *, note: str, state: str) -> dict[str, object]:
    """What this browser noted when it left; nothing where it began no such sign-in here."""
    try:
        return note_open(site_of(request), note=note, state=state)
    except CommontyError:
        return {}


def _not_signed_in(request: HttpRequest, *, note: str, state: str) -> HttpResponseBase:
    """The provider says no. A silent sign-in that it will not do silently begins again with a page."""
    if _noted(request, note=note, state=state).get("silent"):
        onward = {"next": _wanted(request, note=note, state=state), "asked": "1"}
        return HttpResponseRedirect("/sign-in/?" + urlencode(onward))
    raise Refused(
        _("You have not signed in."),
        code="sign_in.cancelled",
        remedy=_("You can try again, or go on reading without signing in."),
    )


def _signed_in(request: HttpRequest, given: dict[str, str], *, note: str) -> HttpResponseBase:
    """Check what came back and make the session. Raises one of our own errors."""
    site, state, code = site_of(request), given.get("state", ""), given.get("code", "")
    attempt = finish(site, note=note, state=state, code=code, issuer=given.get("iss", ""))
    identity = attempt.identity
    person = person_know(issuer=identity.issuer, subject=identity.subject, display_name=identity.display_name)
    if not person.is_active:
        raise Refused(_("This account is closed here."), code="sign_in.closed", remedy=_("Ask the council's officers."))
    if attempt.strange_domain:
        strange_address_tell(person=person, provider=attempt.home, domain=attempt.strange_domain)
    if attempt.groups is not None:
        groups_compare(person=person, groups=attempt.groups)
    if attempt.shared:
        # Before our own session exists, so that nothing is left open for whoever sits here next, however they leave.
        national_session_end(site, renewal=attempt.renewal)
    waiting = request.session.get(KEPT) if request.user == person else None
    with transaction.atomic():
        # Whatever session this browser had is given up: its number may be known to somebody else.
        request.session.flush()
        login(request, person, backend=BACKEND)
        _session_fill(request, attempt, waiting)
        request.session.save()
        sign_in_keep(
            session_key=request.session.session_key or "",
            person=person,
            level=identity.level,
            place=site.purpose,
            device=device_of(request.META.get("HTTP_USER_AGENT", "")),
            shared=attempt.shared,
            renewal="" if attempt.shared else attempt.renewal,
        )
    sign_in_due(session_key=request.session.session_key or "", every=RENEW_SECONDS[site.purpose])
    if waiting and waiting["path"] == attempt.next:
        messages.info(request, _("You have shown who you are. Nothing was done yet: check the form and send it again."))
    response = HttpResponseRedirect(own_path(attempt.next))
    if attempt.keep:
        token = token_seal(KEEP_ME, current_tenant().uuid, {}, ttl=timedelta(seconds=KEEP_SECONDS))
        _cookie(response, _keep_name(), token, seconds=KEEP_SECONDS)
    elif attempt.shared:
        response.delete_cookie(_keep_name(), samesite="Lax")
    return response


def _session_fill(request: HttpRequest, attempt: Attempt, waiting: dict[str, str] | None) -> None:
    """What the new session says of the sign-in behind it."""
    session, identity = request.session, attempt.identity
    session["signed_in_at"] = timezone.now().isoformat()
    session[LEVEL] = identity.level
    session[PROVED_AT] = identity.proved_at
    if attempt.shared:
        session[SHARED] = True
        session["seen_at"] = session["begun_at"] = time.time()
        session.set_expiry(0)
    else:
        # The provider's session is over already on a shared computer; elsewhere it is asked about and may end ours.
        session["renewable"] = bool(attempt.renewal)
        session[PROVIDER_MARK] = session_mark(current_tenant().uuid, identity.issuer, identity.session)
    session_token_keep(request, attempt.token)
    session_email_keep(request, identity.email)
    attested_keep(request, attempt.told, at=identity.proved_at)
    if waiting:
        session[KEPT] = waiting


BROWSERS = (("Edg", "Edge"), ("Firefox", "Firefox"), ("OPR", "Opera"), ("Chrome", "Chrome"), ("Safari", "Safari"))
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)


def device_of(agent: str) -> str:
    """A browser and a system in two words, so that somebody knows their own devices apart; nothing finer is kept."""
    browser = next((name for mark, name in BROWSERS if mark in agent), "")
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    return ", ".join(part for part in (browser, system) if part)


@require_POST
@never_cache
@access(ANYONE)
def sign_out(request: HttpRequest) -> HttpResponseBase:
    """End the session on this host, then the provider's, so that nobody after this person is signed in by it."""
    onward, unanswered, site = "", False, site_of(request)
    shared = bool(request.session.get(SHARED))
    home = next((path for path in SIGNED_OUT[site.purpose] if path == request.POST.get("back")), "/")
    _speak(home)
    try:
        onward = signed_out_address(site, token=session_token(request), back=home)
    except Unavailable:
        unanswered = request.user.is_authenticated
    with transaction.atomic():
        logout(request)
    response: HttpResponse = HttpResponseRedirect(home)
    if onward or unanswered:
        response = render(request, "sign_in/signed_out.html", {"onward": onward, "home": home})
    if onward:
        # Not a redirect: the page's own policy keeps forms on this host, and browsers follow it through redirects.
        response["Refresh"] = f"0; url={onward}"
    # Whoever says goodbye does not want to be signed in again by itself.
    response.delete_cookie(_keep_name(), samesite="Lax")
    if shared:
        browser_forget(request, response)
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
