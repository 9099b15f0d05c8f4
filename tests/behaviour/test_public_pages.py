"""What holds for every page a resident can ask for, walked from the table of addresses in both languages."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from django.conf import settings
from django.urls import get_resolver
from django.utils import translation

from core.kernel.env import environment
from core.proposals.selectors import proposals_on_ballot
from core.rounds.services import round_advance
from tenants.registry.context import in_tenant
from tenants.registry.selectors import tenant_by_slug
from tests.house.test_urls_access import EDITED, routes
from tests.support.http import SiteClient
from tests.support.rounds import round_made

GAPS = {"<slug:slug>": "leith"}
# Files, the way to sign in, what needs something in hand, and the editors' own addresses, which are added below.
NOT_PAGES = re.compile(
    r"\.(css|txt|json|geojson|zip|pdf)$|^sign-|^account/|^x/|^guidance/.+/|/vote/(prove|done|send|cast)|/receipts/.+|\.well-known"
    r"|^run-your-own/asked/|/feedback/"
)
WRITTEN = ["how-it-works/", "news/"]
SCRIPTED = re.compile(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", re.IGNORECASE)
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class Outline(HTMLParser):
    """What the test asks of a page's structure."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if found.get("id"):
            self.ids.append(str(found["id"]))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [found for name, found in self.tags if name == tag]


def paths(urlconf: str, ref: str) -> list[str]:
    found = []
    # In English no word of the language stands before a route.
    with translation.override("en"):
        table = list(routes(get_resolver(urlconf).url_patterns))
    for route, _pattern in table:
        if route in EDITED or NOT_PAGES.search(route):
            continue
        path = route.replace("<str:ref>", ref)
        for gap, value in GAPS.items():
            path = path.replace(gap, value)
        assert "<" not in path, f"say in GAPS what to put into {route}"
        found.append(path)
    assert len(found) > 4
    return [*found, *WRITTEN]


def follow(there: SiteClient, path: str) -> tuple[Any, str]:
    """The page and where it stands: an order is put into an address, an empty ballot leads back to filling it."""
    answer = there.get(path)
    if answer.status_code != 302:
        return answer, path
    return there.get(answer["Location"]), answer["Location"].partition("?")[0]


def faults(answer: Any, host: str, path: str, language: str) -> list[str]:
    text = answer.content.decode()
    page = Outline(text)
    (html,) = page.all("html")
    skip = page.all("a")[0].get("href") if page.all("a") else ""
    canonical = [one.get("href") for one in page.all("link") if one.get("rel") == "canonical"]
    policy = answer["Content-Security-Policy"]
    checks = {
        "language": html.get("lang") == language,
        "one h1": len(page.all("h1")) == 1,
        "skip link first": skip == "#main-content" and "main-content" in page.ids,
        "one main": len(page.all("main")) == 1,
        "canonical": canonical == [f"http://{host}:{environment().port}{path}"],
        "title": "<title></title>" not in text and "<title> –" not in text,
        "no id twice": len(page.ids) == len(set(page.ids)),
        "nothing inline": SCRIPTED.search(text) is None,
        "alt": all("alt" in one for one in page.all("img")),
        "policy": "script-src 'self';" in policy and "unsafe" not in policy,
        "other language": any(one.get("hreflang") == ("en" if language == "gd" else "gd") for one in page.all("a")),
        # A page with a form sets the one cookie that guards its posting; a draft ballot is kept in another.
        "no cookie": "/vote/" in path
        or set(answer.cookies)
        <= ({settings.CSRF_COOKIE_NAME} if any(one.get("method") == "post" for one in page.all("form")) else set()),
    }
    return [f"{path}: {name}" for name, good in checks.items() if not good]


@pytest.mark.parametrize("language", ["en", "gd"])
@pytest.mark.parametrize("urlconf", ["core.project.urls_public", "core.project.urls_hub"])
def test_every_public_page_keeps_the_promises_of_all_pages(tenants: Any, urlconf: str, language: str) -> None:
    with in_tenant(tenants.alpha):
        row = round_advance(round=round_made("leith"), verb="open_voting", actor=None)
        ref = proposals_on_ballot(row)[0].ref
    tenant = tenants.alpha if urlconf.endswith("public") else tenant_by_slug("hub")
    there = SiteClient(tenant)
    prefix = "/gd/" if language == "gd" else "/"
    wrong: list[str] = []
    walked = 0
    for path in paths(urlconf, ref):
        address = prefix + path
        answer, stands = follow(there, address)
        head = there.head(address)
        if head.status_code != there.get(address).status_code or head.content:
            wrong.append(f"{address}: HEAD")
        if answer.status_code == 404 and ("result" in path or "evaluation" in path):
            # Nothing is published: the error page keeps the same promises.
            pass
        elif answer.status_code != 200:
            wrong.append(f"{address}: {answer.status_code}")
            continue
        walked += 1
        wrong += faults(answer, there.host, stands, language)
    assert walked > 5
    assert not wrong, "\n".join(wrong)


def test_a_page_that_is_not_there_keeps_them_too(tenants: Any) -> None:
    there = SiteClient(tenants.alpha)
    for path, language in (("/nothing-here/", "en"), ("/gd/nothing-here/", "gd")):
        answer = there.get(path)
        assert answer.status_code == 404
        assert faults(answer, there.host, path, language) == []


def test_robots_and_security_txt_on_every_host(tenants: Any) -> None:
    public = SiteClient(tenants.alpha).get("/robots.txt").content.decode()
    assert "Disallow: /rounds/*/vote/" in public
    assert "Disallow: /gd/account/" in public
    assert "Disallow: /\n" not in public
    for purpose in ("staff", "files"):
        assert SiteClient(tenants.alpha, purpose=purpose).get("/robots.txt").content == b"User-agent: *\nDisallow: /\n"
    for tenant, other in ((tenants.alpha, tenants.beta), (tenants.beta, tenants.alpha)):
        told = SiteClient(tenant).get("/.well-known/security.txt")
        assert told.status_code == 200
        assert told["Content-Type"].startswith("text/plain")
        own = f"Canonical: http://{tenant.slug}.localhost:{environment().port}/.well-known/"
        for line in ("Contact: ", "Expires: ", own):
            assert line in told.content.decode()
        assert other.slug not in told.content.decode() + SiteClient(tenant).get("/robots.txt").content.decode()
        # What would list pages by host is not there.
        assert SiteClient(tenant).get("/sitemap.xml").status_code == 404
