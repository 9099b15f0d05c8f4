"""Every public page in a real browser: both languages, a phone and a desk, with axe, by keyboard, without scripts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.look import look

PAGES = [
    ("alpha", "/"),
    ("alpha", "/places/"),
    ("alpha", "/past-rounds/"),
    ("alpha", "/accessibility/"),
    ("alpha", "/privacy/"),
    ("alpha", "/complaints/"),
    ("alpha", "/nothing-here/"),
    ("hub", "/"),
    ("hub", "/one-percent/"),
]

pytestmark = pytest.mark.browser


def address(port: int, host: str, path: str) -> str:
    return f"http://{host}.localhost:{port}{path}"


@pytest.mark.parametrize("language", ["en", "gd"])
@pytest.mark.parametrize(("host", "path"), PAGES)
def test_page_is_accessible_on_every_screen(browser: Any, server: int, host: str, path: str, language: str) -> None:
    url = address(server, host, path if language == "en" else "/gd" + path)
    context = browser.new_context(bypass_csp=True)
    try:
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(url)
        page.wait_for_load_state("networkidle")
        assert page.locator("html").get_attribute("lang") == language
        assert page.locator("link[rel=canonical]").get_attribute("href") == url
        assert [one for one in asked if f".localhost:{server}/" not in one] == []
        assert look(page) == []
        assert context.cookies() == []
    finally:
        context.close()


def test_the_first_key_leads_to_the_content(browser: Any, server: int) -> None:
    page = browser.new_page()
    page.goto(address(server, "alpha", "/"))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#main-content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main-content"
    page.close()


def test_the_list_of_councils_needs_no_script_and_the_map_none_of_ours_inline(browser: Any, server: int) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address(server, "hub", "/"))
    assert page.locator(".cc-columns li").count() == 32
    assert not page.locator("#councils-map").is_visible()
    context.close()
    page = browser.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    page.goto(address(server, "hub", "/"))
    page.wait_for_selector("#councils-map path")
    assert page.locator("#councils-map path").count() == 32
    assert refused == []
    page.close()


def test_the_language_switch_leads_to_the_same_page(browser: Any, server: int) -> None:
    page = browser.new_page()
    page.goto(address(server, "alpha", "/privacy/"))
    page.get_by_role("link", name="Gàidhlig").click()
    assert page.url == address(server, "alpha", "/gd/privacy/")
    page.get_by_role("link", name="English").click()
    assert page.url == address(server, "alpha", "/privacy/")
    page.close()
