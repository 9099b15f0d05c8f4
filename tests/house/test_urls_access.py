"""Who is answered where: every address of every host, asked as a stranger, a resident, and officers of two tenants.

An address that is not in the tables fails the test: say first who may see it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver

from core.people.models import RoleGrant
from core.people.services import person_know, role_grant
from core.people.sessions import SessionStore
from tenants.registry.context import in_tenant
from tenants.registry.selectors import tenant_by_slug
from tests.support.http import SiteClient

# Anybody may ask; what they get is the page or an answer about their own request, never a demand to sign in.
ANYBODY, SIGNED_IN, OFFICERS, POST_ONLY = "anybody", "signed in", "officers", "post only"
SIGN_IN = {
    "sign-in/": ANYBODY,
    "sign-in/callback/": ANYBODY,
    "sign-out/": POST_ONLY,
    # The provider itself: it shows who it is by its signature.
    "sign-out/back-channel/": POST_ONLY,
}
PLAIN = {"theme.css": ANYBODY, "robots.txt": ANYBODY, ".well-known/security.txt": ANYBODY}
PAGES = {"": ANYBODY, "accessibility/": ANYBODY, "privacy/": ANYBODY, "complaints/": ANYBODY}
# The editors' pages: one address for all of them, last of every public host.
EDITED = {r"^((?:[\w\-]+/)*)$": ANYBODY}
# The demo's letter box is open, since a resident reads their code there; outside the demo there is no such page.
DEMO = {"demo-mail/": ANYBODY}
# One's own page is everybody's who is signed in, on either host.
ACCOUNT = {
    "account/": SIGNED_IN,
    "account/name/": SIGNED_IN,
    "account/sessions/<uuid:sign_in>/end/": POST_ONLY,
    "account/file/": POST_ONLY,
    "account/file/<uuid:file>/": POST_ONLY,
    "account/erase/": SIGNED_IN,
}
VOTE = {
    "rounds/": ANYBODY,
    "rounds/<slug:slug>/": ANYBODY,
    "rounds/<slug:slug>/projects/": ANYBODY,
    "rounds/<slug:slug>/projects/<str:ref>/": ANYBODY,
    "rounds/<slug:slug>/rules/": ANYBODY,
    "rounds/<slug:slug>/vote/": ANYBODY,
    "rounds/<slug:slug>/vote/review/": ANYBODY,
    "rounds/<slug:slug>/vote/prove/": ANYBODY,
    "rounds/<slug:slug>/vote/cast/": ANYBODY,
    "rounds/<slug:slug>/vote/done/": ANYBODY,
    "rounds/<slug:slug>/receipts/": ANYBODY,
    "rounds/<slug:slug>/result/": ANYBODY,
    "rounds/<slug:slug>/result/explain/<str:ref>/": ANYBODY,
    "rounds/<slug:slug>/result.json": ANYBODY,
    "rounds/<slug:slug>/evaluation/": ANYBODY,
    "rounds/<slug:slug>/evaluation.pdf": ANYBODY,
    "rounds/<slug:slug>/feedback/thanks/": ANYBODY,
    "rounds/<slug:slug>/feedback/<uuid:sheet>/": ANYBODY,
    **ACCOUNT,
    "account/farewell/": SIGNED_IN,
    "account/link/": SIGNED_IN,
    "account/link/<uuid:alias>/end/": POST_ONLY,
    "x/<slug:key>/<slug:slug>/": ANYBODY,
    # A carrier of messages: its channel checks who it is.
    "x/<slug:key>/-/callback/": POST_ONLY,
    "x/<slug:key>/<slug:slug>/<slug:verb>/": POST_ONLY,
    "how-your-vote-is-kept/": ANYBODY,
}
MANAGE = {
    **ACCOUNT,
    "": OFFICERS,
    "audit/": OFFICERS,
    "look/": OFFICERS,
    "address/": OFFICERS,
    "address/mail/": OFFICERS,
    "limits/": OFFICERS,
    "modules/": OFFICERS,
    "modules/channels/": OFFICERS,
    "modules/wishes/new/": OFFICERS,
    "modules/lists/<slug:key>/": OFFICERS,
    "modules/parked/<uuid:message>/again/": POST_ONLY,
    "modules/plugins/<slug:plugin>/switch/": POST_ONLY,
    "modules/plugins/<slug:plugin>/breaker/": POST_ONLY,
    "modules/<slug:kind>/<slug:key>/": OFFICERS,
    "rounds/": OFFICERS,
    "rounds/new/": OFFICERS,
    "rounds/<slug:slug>/": OFFICERS,
    "rounds/<slug:slug>/edit/<slug:section>/": OFFICERS,
    "rounds/<slug:slug>/money/": OFFICERS,
    "rounds/<slug:slug>/money/new/": OFFICERS,
    "rounds/<slug:slug>/money/<uuid:source>/": OFFICERS,
    "rounds/<slug:slug>/rules/": OFFICERS,
    "rounds/<slug:slug>/rules/compare/": OFFICERS,
    "rounds/<slug:slug>/rules/settings/": OFFICERS,
    "rounds/<slug:slug>/projects/": OFFICERS,
    "rounds/<slug:slug>/projects/new/": OFFICERS,
    "rounds/<slug:slug>/projects/<str:ref>/": OFFICERS,
    "rounds/<slug:slug>/projects/<str:ref>/state/": POST_ONLY,
    "rounds/<slug:slug>/steps/<slug:verb>/": OFFICERS,
    "rounds/<slug:slug>/count/": OFFICERS,
    "rounds/<slug:slug>/evaluation/": OFFICERS,
    "rounds/<slug:slug>/evaluation/<slug:key>/": OFFICERS,
    "rounds/<slug:slug>/evaluation/sheets/<uuid:sheet>/": OFFICERS,
    "rounds/<slug:slug>/evaluation/sheets/<uuid:sheet>/words/": OFFICERS,
    "rounds/<slug:slug>/evaluation/sheets/<uuid:sheet>/state/": POST_ONLY,
    "rounds/<slug:slug>/preview/evaluation.pdf": OFFICERS,
    "rounds/<slug:slug>/preview/feedback/<uuid:sheet>/": OFFICERS,
    "entrusted/": OFFICERS,
    "entrusted/new/": OFFICERS,
    "entrusted/<uuid:delegation>/": OFFICERS,
    "setup/": OFFICERS,
    "setup/contacts/": OFFICERS,
    "setup/languages/": OFFICERS,
    "setup/colleagues/": OFFICERS,
    "setup/practice/": OFFICERS,
    "setup/<slug:key>/": OFFICERS,
    "guidance/": OFFICERS,
    "guidance/<slug:kind>/<slug:key>/": OFFICERS,
    "join/": SIGNED_IN,
    "support/": OFFICERS,
    "support/enter/": SIGNED_IN,
    "support/<uuid:wish>/": OFFICERS,
    "groups/": OFFICERS,
    "groups/requests/<uuid:wanted>/": OFFICERS,
    "people/": OFFICERS,
    "people/new/": OFFICERS,
    "people/<uuid:grant>/end/": OFFICERS,
    "people/groups/": OFFICERS,
    "people/groups/<uuid:group>/end/": OFFICERS,
    "people/proposed/<uuid:proposal>/": OFFICERS,
    # Residents' pages as officers preview them.
    "rounds/<slug:slug>/preview/": OFFICERS,
    "rounds/<slug:slug>/preview/projects/": OFFICERS,
    "rounds/<slug:slug>/preview/projects/<str:ref>/": OFFICERS,
    "rounds/<slug:slug>/preview/evaluation/": OFFICERS,
    "rounds/<slug:slug>/preview/discussion/<slug:key>/": OFFICERS,
    "rounds/<slug:slug>/preview/discussion/<slug:key>/<slug:verb>/": OFFICERS,
    "discussion/": OFFICERS,
    "discussion/<slug:key>/<str:item>/": OFFICERS,
    "rounds/<slug:slug>/preview/rules/": OFFICERS,
    "rounds/<slug:slug>/preview/ballot/": OFFICERS,
    "rounds/<slug:slug>/preview/result/": OFFICERS,
    "rounds/<slug:slug>/preview/result/explain/<str:ref>/": OFFICERS,
    "rounds/<slug:slug>/preview/result.json": OFFICERS,
    "rounds/<slug:slug>/preview/receipts/": OFFICERS,
    "how-your-vote-is-kept/": OFFICERS,
}
CONSOLE = {
    "console/": OFFICERS,
    "console/requests/": OFFICERS,
    "console/requests/<uuid:wanted>/": OFFICERS,
    "console/calendar/": OFFICERS,
    "console/fleet/": OFFICERS,
    "console/banners/": OFFICERS,
    "console/limits/": OFFICERS,
    "console/modules/": OFFICERS,
    "console/modules/<slug:kind>/<slug:key>/": OFFICERS,
    "console/modules/wishes/<uuid:wish>/": OFFICERS,
    "console/support/": OFFICERS,
    "console/documents/": OFFICERS,
    "console/documents/new/": OFFICERS,
    "console/documents/<slug:kind>/<slug:key>/": OFFICERS,
    "console/tenants/new/": OFFICERS,
    "console/tenants/<slug:slug>/": OFFICERS,
}
STATED: dict[str, dict[str, str]] = {
    "core.project.urls_public": {
        **SIGN_IN,
        **PLAIN,
        **PAGES,
        **EDITED,
        **VOTE,
        "places/": ANYBODY,
        "past-rounds/": ANYBODY,
        "how-we-work/": ANYBODY,
        "sign-in-help/": ANYBODY,
    },
    "core.project.urls_hub": {
        **SIGN_IN,
        **PLAIN,
        **PAGES,
        **EDITED,
        "one-percent/": ANYBODY,
        "councils.geojson": ANYBODY,
        "guidance/": ANYBODY,
        "guidance/<slug:kind>/<slug:key>/": ANYBODY,
        "guidance/<slug:kind>/<slug:key>/text/": ANYBODY,
        "run-your-own/": ANYBODY,
        "run-your-own/ask/": ANYBODY,
        "run-your-own/asked/<uuid:wanted>/": ANYBODY,
    },
    "core.project.urls_staff": {**SIGN_IN, **PLAIN, **DEMO, **MANAGE},
    "core.project.urls_hub_staff": {**SIGN_IN, **PLAIN, **DEMO, **MANAGE, **CONSOLE},
    "core.project.urls_files": {"robots.txt": ANYBODY, "<path:name>": ANYBODY},
}
# Wagtail's addresses stand under these; one answer for all of them.
EDITOR = ("cms/", "documents/")
# Wagtail's own pages that hold nothing: its words for scripts, the way to sign in and out, and the reset that is off.
EDITOR_OPEN = re.compile(r"^cms/(jsi18n/|sprite[^/]*/|login/|logout/|password_reset/.*)$")
HOSTS = {
    "core.project.urls_public": ("alpha", "public"),
    "core.project.urls_staff": ("alpha", "staff"),
    "core.project.urls_files": ("alpha", "files"),
    "core.project.urls_hub": ("hub", "public"),
    "core.project.urls_hub_staff": ("hub", "staff"),
}


def routes(patterns: list[Any], before: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        here = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, here)
        else:
            yield here, pattern


def filled(route: str) -> str:
    """An address for a route: something that does not exist in each gap, since who may ask comes before what."""
    text = re.sub(r"<(int:)[^>]+>", "999999", route)
    text = re.sub(r"<(uuid:)[^>]+>", "00000000-0000-4000-8000-000000000000", text)
    text = re.sub(r"<[^>]+>", "nothing", text)
    text = re.sub(r"\(\?P<[^>]+>[^()]*(?:\([^()]*\)[^()]*)*\)|\([^()]*\)", "999999", text)
    return "/" + text.replace("^", "").replace("$", "").replace("\\", "").replace("?", "").lstrip("/")


def client(slug: str, purpose: str, who: str) -> SiteClient:
    """A browser with a session as the sign-in would leave it."""
    tenant = tenant_by_slug(slug)
    browser = SiteClient(tenant, purpose=purpose)
    if who == "stranger":
        return browser
    with in_tenant(tenant), transaction.atomic():
        # The other tenant's officer is known here by the same subject, and holds no role here.
        person = person_know(issuer="https://id.example", subject=who)
        if who == "officer" and not RoleGrant.objects.filter(person=person).exists():
            role_grant(person=person, role="officer", giver=None)
        session = SessionStore()
        session[SESSION_KEY] = str(person.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = person.get_session_auth_hash()
        session.save()
    browser.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    return browser


def to_sign_in(answer: Any) -> bool:
    # Wagtail sends to its own door first, which sends on to ours.
    return answer.status_code == 302 and answer["Location"].startswith(("/sign-in/", "/cms/login/"))


@pytest.mark.parametrize("urlconf", sorted(STATED))
def test_every_address_has_a_stated_answer(urlconf: str) -> None:
    found = {route for route, _pattern in routes(get_resolver(urlconf).url_patterns)}
    unstated = {route for route in found if route not in STATED[urlconf] and not route.startswith(EDITOR)}
    assert not unstated, "say in STATED who may see these"
    assert not set(STATED[urlconf]) - found, "these stand in STATED and are gone"
    for route, pattern in routes(get_resolver(urlconf).url_patterns):
        if not route.startswith(EDITOR):
            assert hasattr(pattern.callback, "access"), f"{route} declares no rule"


@pytest.mark.parametrize("urlconf", sorted(STATED))
@pytest.mark.parametrize("who", ["stranger", "resident", "officer", "foreign officer"])
def test_everybody_gets_the_stated_answer(urlconf: str, who: str, tenants: Any) -> None:
    slug, purpose = HOSTS[urlconf]
    browser = client(slug, purpose, who)
    if who == "foreign officer":
        with in_tenant(tenants.beta):
            role_grant(person=person_know(issuer="https://id.example", subject=who), role="officer", giver=None)
    wrong: list[str] = []
    for route, answer_stated in STATED[urlconf].items():
        answer = browser.get(filled(route))
        allowed = (
            answer_stated == ANYBODY
            or (answer_stated == SIGNED_IN and who != "stranger")
            or (answer_stated == OFFICERS and who == "officer")
        )
        if answer_stated == POST_ONLY:
            good = answer.status_code == 405
        elif route == "sign-in/" and purpose == "public":
            # Residents are asked first whose computer this is.
            good = answer.status_code == 200 and b"shared computer" in answer.content
        elif route.startswith("sign-in/"):
            # No provider stands behind this test: the page that says so, or that nothing was begun here.
            good = answer.status_code in (403, 503) and b"You are not signed in" in answer.content
        elif allowed:
            good = answer.status_code in (200, 404) and not to_sign_in(answer)
        else:
            good = to_sign_in(answer) if who == "stranger" else answer.status_code == 403
        if not good:
            wrong.append(f"{route}: {answer.status_code}")
    assert not wrong


@pytest.mark.parametrize("who", ["stranger", "resident", "foreign officer"])
def test_the_editor_is_closed_to_everybody_else(who: str, tenants: Any) -> None:
    browser = client("alpha", "staff", who)
    wrong: list[str] = []
    for route, _pattern in routes(get_resolver("core.project.urls_staff").url_patterns):
        if not route.startswith(EDITOR) or EDITOR_OPEN.match(route.replace("^", "").replace("$", "")):
            continue
        answer = browser.get(filled(route))
        refused = to_sign_in(answer) if who == "stranger" else answer.status_code == 403
        if not refused and answer.status_code not in (404, 405):
            wrong.append(f"{route} ({filled(route)}): {answer.status_code}")
    assert not wrong
    # The editor exists on no public host.
    assert client("alpha", "public", who).get("/cms/").status_code == 404
    assert client("alpha", "staff", "officer").get("/cms/").status_code == 200


def test_what_is_open_in_the_demo_is_absent_in_production(tenants: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.kernel.env import environment
    from core.web.manage import mail

    real = environment().model_copy(update={"env": "production"})
    for who in ("stranger", "officer"):
        browser = client("alpha", "staff", who)
        assert browser.get("/demo-mail/").status_code == 200
        with monkeypatch.context() as patch:
            patch.setattr(mail, "environment", lambda: real)
            assert browser.get("/demo-mail/").status_code == 404
