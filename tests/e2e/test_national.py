"""The national site and the editors' pages in a real browser, with rounds and words on them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from wagtail.models import Page

from cms.models import HomePage, NewsIndexPage, NewsPage, StandardPage
from core.rounds.services import round_advance
from plugins.api.text import LocalisedText
from tenants.registry.context import in_tenant
from tests.e2e.test_pages import address
from tests.house.test_urls_access import client
from tests.support.database import refs, reset
from tests.support.jobs import work
from tests.support.look import look
from tests.support.rounds import round_made

pytestmark = pytest.mark.browser
PAGES = [
    ("hub", "/"),
    ("hub", "/how-it-works/"),
    ("hub", "/news/"),
    ("alpha", "/"),
    ("alpha", "/rounds/"),
    ("alpha", "/how-it-works/"),
    ("alpha", "/news/"),
    ("alpha", "/news/first/"),
    ("alpha", "/who-we-are/"),
]


# Before the browser of this module, whose loop would keep Django from the database.
@pytest.fixture(scope="module")
def words(database: str) -> Iterator[str]:
    """Gives the session of one of alpha's officers."""
    alpha, beta = refs()
    with in_tenant(alpha):
        round_made("leith", name=LocalisedText("Leith Chooses", "Tha Lìte a’ taghadh"), is_demo=True)
        opened = round_made("parks", name=LocalisedText("Parks for all"))
        round_advance(round=opened, verb="open_voting", actor=None)
        home = HomePage.objects.get(locale__language_code="en")
        page = StandardPage(title="Who we are", slug="who-we-are", in_footer=True, intro="Three of us.")
        page.body = [
            ("heading", "What we do"),
            ("callout", {"title": "Note", "text": "<p>Come along.</p>"}),
            ("bsl_video", {"title": "How to vote", "url": "https://bsl.example/film"}),
            ("easy_read", {"title": "How to vote", "url": "https://easy.example/paper"}),
        ]
        Page.objects.get(pk=home.pk).add_child(instance=page)
        index = NewsIndexPage.objects.get(locale__language_code="en")
        piece = NewsPage(title="Voting has opened", slug="first", day="2026-11-01", intro="Until Sunday.")
        Page.objects.get(pk=index.pk).add_child(instance=piece)
    with in_tenant(beta):
        paused = round_made("shore", tenant="beta", name=LocalisedText("Shore to shore"))
        for verb in ("open_voting", "suspend"):
            round_advance(round=paused, verb=verb, actor=None)
    work(alpha)
    work(beta)
    officer = client("alpha", "staff", "officer")
    yield officer.cookies[settings.SESSION_COOKIE_NAME].value
    reset()


@pytest.mark.parametrize("language", ["en", "gd"])
@pytest.mark.parametrize(("host", "path"), PAGES)
def test_page_is_accessible_with_its_words(
    words: str, server: int, browser: Any, host: str, path: str, language: str
) -> None:
    url = address(server, host, path if language == "en" else "/gd" + path)
    context = browser.new_context(bypass_csp=True)
    try:
        page = context.new_page()
        page.goto(url)
        assert page.locator("html").get_attribute("lang") == language
        assert look(page) == []
        assert context.cookies() == []
    finally:
        context.close()


def test_the_page_of_the_look_is_accessible_and_its_refusal_too(words: str, server: int, browser: Any) -> None:
    url = address(server, "alpha.staff", "/look/")
    context = browser.new_context(bypass_csp=True)
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": words, "url": url}])
    page = context.new_page()
    for typed in ("", "#ffd500"):
        page.goto(url)
        if typed:
            page.get_by_label("Colour").fill(typed)
            page.get_by_role("button", name="Save the colour").click()
            assert page.get_by_label("Colour").input_value() == typed
            assert page.title().startswith("There is a problem")
        assert look(page) == []
    context.close()


def test_a_round_leads_from_the_national_site_to_its_council_without_scripts(
    words: str, server: int, browser: Any
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address(server, "hub", "/"))
    page.get_by_role("link", name="Parks for all").click()
    assert page.url == address(server, "alpha", "/rounds/parks/")
    page.goto(address(server, "hub", "/gd/"))
    page.get_by_role("link", name="Tha Lìte a’ taghadh").click()
    assert page.url == address(server, "alpha", "/gd/rounds/leith/")
    context.close()
