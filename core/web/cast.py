"""Where a ballot is sent: one address, served in front of Django's middleware, and one transaction behind it.

`BallotEntry` is a WSGI application around the site. It answers `POST …/vote/cast/` itself and hands everything else
on, and every answer to this address that needs a page in the tenant's look. The view `cast` stands at the same address
in the urlconf and runs the same code, so that the entry is a shorter way and never another one.

A sent ballot is answered by sending the browser on (303): to its receipt, or back to the page that says why not.

Against other sites' pages stand the browser's own word (`Sec-Fetch-Site`, `Origin`), cookies that are not sent along
from elsewhere (SameSite), and the token in the form, which only a page shown to the holder of the credential carries.
Django's token would ask for a second cookie and say nothing about who may vote.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qs

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.http.cookie import parse_cookie
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from core.kernel import telemetry
from core.kernel.errors import CommontyError, Invalid, Refused, Unavailable
from core.kernel.ids import public_id
from core.people.access import ANYONE, access
from core.rounds.selectors import round_by_slug
from core.voting.box import Box, box_of
from core.voting.services import ballot_take
from core.web.public.cookies import cookie_give
from core.web.public.credential import (
    Credential,
    Receipt,
    cast_token_good,
    cast_token_round,
    credential_of,
    receipt_line,
)
from core.web.public.draft import draft_end, posted
from tenants.registry.context import Role, in_tenant, leave_everything
from tenants.registry.hosts import Site, site_for

log = logging.getLogger(__name__)
PATH = re.compile(r"(/gd)?/rounds/([-a-zA-Z0-9_]+)/vote/cast/")
FORM = "application/x-www-form-urlencoded"
LONGEST = 65_536
MOST_FIELDS = 1_000
CHANNEL = "web"
# The page that stands alone when the database does not answer: our own stylesheet, our own address, nothing else.
ALONE = "default-src 'none'; style-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'"

Environ = dict[str, Any]
Start = Callable[..., Any]
Wsgi = Callable[[Environ, Start], Iterable[bytes]]
Fields = Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class Onward:
    """The browser is sent on (303), with these `Set-Cookie` lines. Most answers are this, and it costs next to
    nothing to make."""

    location: str
    cookies: tuple[str, ...] = ()

    def headers(self) -> list[tuple[str, str]]:
        return [("Location", self.location), ("Cache-Control", "no-store")]

    def response(self) -> HttpResponse:
        """The same as one of Django's answers."""
        made = HttpResponse(status=303, headers=dict(self.headers()))
        for line in self.cookies:
            cookie_give(made, line)
        return made


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Sent:
    """A ballot as it was posted. `fields` is None where it cannot be read as a form of ours."""

    path: str
    slug: str
    cookies: Mapping[str, str]
    fields: Fields | None

    def one(self, name: str) -> str:
        """The value of a field that may stand once."""
        values = (self.fields or {}).get(name, [])
        return values[0] if len(values) == 1 else ""


def of_this_site(environ: Mapping[str, Any]) -> bool:
    """Whether the browser says that a page of this very host sent the form. Old browsers say nothing."""
    if environ.get("HTTP_SEC_FETCH_SITE", "same-origin") not in ("same-origin", "none"):
        return False
    said = environ.get("HTTP_ORIGIN")
    scheme = "https" if settings.SESSION_COOKIE_SECURE else "http"
    return said is None or said.lower() == f"{scheme}://{environ.get('HTTP_HOST', '')}".lower()


def _fields(environ: Mapping[str, Any], body: Readable) -> Fields | None:
    """The posted fields; None for another kind of content, too much of it, or a length that is not said."""
    length = str(environ.get("CONTENT_LENGTH") or "")
    if not (length.isascii() and length.isdigit() and int(length) <= LONGEST):
        return None
    if str(environ.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower() != FORM:
        return None
    try:
        text = body.read(int(length)).decode("ascii")
        return parse_qs(text, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        return None


def _sent(environ: Mapping[str, Any], body: Readable, path: str, slug: str) -> Sent:
    return Sent(path, slug, parse_cookie(environ.get("HTTP_COOKIE", "")), _fields(environ, body))


def _admitted(sent: Sent) -> tuple[Box, Credential]:
    """The box of the round and this browser's right to vote in it. Raises Invalid, Refused or NotFound."""
    if sent.fields is None:
        raise Invalid("This is no form of ours.", code="voting.ballot")
    token = sent.one("token")
    round_id = cast_token_round(token)
    if round_id is None:
        raise Refused("The form has no token of ours.", code="voting.page")
    box = box_of(round_id)
    if box.slug != sent.slug:
        raise Refused("The form belongs to another round.", code="voting.page")
    credential = credential_of(sent.cookies, round_id)
    if credential is None:
        raise Refused("The credential is missing or too old.", code="voting.credential")
    if not cast_token_good(credential, token):
        raise Refused("The form was made for another voter.", code="voting.page")
    return box, credential


def answer(sent: Sent) -> Onward | HttpResponse:
    """Put the ballot into the box and say where to go next.

    A connection that breaks is made anew and the ballot sent once more: the key in the form makes that safe.
    """
    unknown = False
    for last in (False, True):
        sending = False
        try:
            connection.ensure_connection()
            box, credential = _admitted(sent)
            sending = True
            key, raw = sent.one("key").encode(), posted(sent.fields or {})
            outcome = ballot_take(box, credential=credential, raw=raw, channel=CHANNEL, idempotency_key=key)
        except (DatabaseError, InterfaceError) as error:
            # What was refused on a connection that stands has changed nothing, and would be refused again.
            stands = connection.is_usable()
            unknown = unknown or (sending and not stands)
            _log(error)
            if stands or last:
                break
            connection.close()
        except Unavailable as error:
            log.error("a ballot was not taken: %s", error.code)
            break
        except CommontyError as error:
            log.warning("a ballot was refused: %s", error.code)
            return _on(sent, f"prove/?refused={error.code}")
        else:
            receipt = receipt_line(box.round_id, Receipt(outcome.receipt, outcome.revision))
            # On a device that others use, what was chosen does not stay behind.
            return _on(sent, "done/", receipt, draft_end(box.round_id))
    return not_taken(sent, unknown=unknown)


def _log(error: Exception) -> None:
    """The kind of a database's error and never its words, which may hold what was sent."""
    state = getattr(error.__cause__, "sqlstate", None)
    log.error("the database did not take a ballot: %s %s", type(error).__name__, state or "")


def _on(sent: Sent, to: str, *cookies: str) -> Onward:
    return Onward(sent.path.removesuffix("cast/") + to, cookies)


def not_taken(sent: Sent, *, unknown: bool) -> HttpResponse:
    """A page that needs no database: what is known, and the same ballot ready to be sent again."""
    with translation.override("gd" if sent.path.startswith("/gd/") else "en"):
        fields = [(name, value) for name, values in (sent.fields or {}).items() for value in values]
        context = {"unknown": unknown, "fields": fields, "action": sent.path, "language": translation.get_language()}
        page = render_to_string("public/not_taken.html", context)
    headers = {"Cache-Control": "no-store", "Retry-After": "30", "Content-Security-Policy": ALONE}
    return HttpResponse(page, status=503, headers=headers)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@access(ANYONE)
def cast(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Send a ballot, where no entry stands in front. Whoever only looks here is led to the page that sends."""
    if request.method != "POST":
        return redirect("public:prove", slug=round_by_slug(slug, visible_only=True).slug)
    if not of_this_site(request.META):
        raise PermissionDenied
    given = answer(_sent(request.META, request, request.path, slug))
    return given.response() if isinstance(given, Onward) else given


class BallotEntry:
    """Takes ballots in front of `site`, which answers everything else."""

    def __init__(self, site: Wsgi) -> None:
        self.site = site

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        found = PATH.fullmatch(environ["PATH_INFO"]) if environ["REQUEST_METHOD"] == "POST" else None
        given = self._answered(environ, found[2]) if found else None
        if given is None:
            return self.site(environ, start)
        if isinstance(given, Onward):
            cookies = [("Set-Cookie", line) for line in given.cookies]
            start("303 See Other", [*given.headers(), ("Content-Length", "0"), *cookies])
            return [b""]
        start(
            f"{given.status_code} {given.reason_phrase}", [*given.items(), ("Content-Length", str(len(given.content)))]
        )
        return [given.content]

    def _answered(self, environ: Environ, slug: str) -> Onward | HttpResponse | None:
        """None where the site has to answer: another host, a form of another site, or an address without https."""
        if not (_as_secure_as_set(environ) and of_this_site(environ)):
            return None
        body, path = environ["wsgi.input"], environ["PATH_INFO"]
        try:
            site = _site(environ)
            if site is None or site.purpose != "public" or site.tenant.is_hub or site.tenant.is_suspended:
                return None
            telemetry.bind_context(tenant=str(site.tenant.uuid), request=public_id())
            with in_tenant(site.tenant, role=Role.VOTER):
                return answer(_sent(environ, body, path, slug))
        except (DatabaseError, InterfaceError) as error:
            _log(error)
            return not_taken(_sent(environ, body, path, slug), unknown=False)
        finally:
            telemetry.clear_context()
            leave_everything()


def _site(environ: Environ) -> Site | None:
    """The site of a request, looked up once more where the connection had broken while nobody used it."""
    try:
        return site_for(environ.get("HTTP_HOST"))
    except (OperationalError, InterfaceError):
        connection.close()
        return site_for(environ.get("HTTP_HOST"))


def _as_secure_as_set(environ: Environ) -> bool:
    """Whether a request came by https, where the settings ask for it."""
    name, value = settings.SECURE_PROXY_SSL_HEADER or ("wsgi.url_scheme", "https")
    return not settings.SECURE_SSL_REDIRECT or environ.get(name) == value
