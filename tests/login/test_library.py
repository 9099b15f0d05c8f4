"""In a real browser: a library's computer that keeps nothing, and an officer's form that waits for a fresh proof."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from core.people.proof import PROVED_AT
from core.people.sessions import SessionStore
from core.people.sso.sites import RealmKind
from tenants.registry.context import in_tenant
from tests.e2e.conftest import chromium
from tests.login.test_step_up import officer_of
from tests.support.keycloak import PASSWORD, Account, Running, account_make
from tests.support.rounds import round_made
from tests.support.walk import Walk

pytestmark = [pytest.mark.keycloak, pytest.mark.browser, pytest.mark.timeout(300)]
# The page's words, and the address it begins with, in each language.
WORDS = {
    "en": ("/", "This is a library or shared computer", "A shared computer.", "Go on to sign in", "Sign out"),
    "gd": (
        "/gd/",
        "’S e coimpiutair leabharlainn no co-roinnte a tha seo",
        "Coimpiutair co-roinnte.",
        "Lean air adhart gus clàradh a-steach",
        "Clàraich a-mach",
    ),
}


def goes_to_keycloak(walk: Walk, button: str) -> None:
    walk.page.get_by_role("button", name=button).click()
    walk.page.wait_for_url("**/realms/**")
    walk.page.locator("#password").wait_for()
    walk.look()


def signs_in(walk: Walk, account: Account, back: str) -> None:
    walk.page.locator("#username").fill(account.address)
    walk.page.locator("#password").fill(PASSWORD)
    walk.page.locator("#password").press("Enter")
    walk.page.wait_for_url(back)
    walk.look()


@pytest.mark.parametrize(("language", "width"), [("en", 1280), ("gd", 360)])
def test_ab34_the_next_person_finds_nothing_not_even_by_going_back(
    keycloak: Running, server: int, tenants: Any, language: str, width: int
) -> None:
    account = account_make(keycloak, "wilma")
    start, tick, told, onward, out = WORDS[language]
    home = f"http://alpha.localhost:{server}{start}"
    with chromium() as browser:
        walk = Walk(browser, f"library-{language}", width=width)
        walk.go(f"{home}account/")
        walk.tick(tick)
        goes_to_keycloak(walk, onward)
        assert walk.page.locator("html").get_attribute("lang") == language
        signs_in(walk, account, f"{home}account/")
        walk.sees("Wilma")
        walk.sees(told)
        walk.go(f"{home}account/erase/")
        walk.page.go_back()
        walk.page.get_by_role("button", name=out).click()
        walk.page.wait_for_url(home)
        walk.look()
        assert walk.page.locator("html").get_attribute("lang") == language
        cookies = {one["name"] for one in walk.context.cookies(home) if one["value"]}
        assert not any(name.startswith(("session", "keep-me", "csrf")) for name in cookies)
        # Back, as often as there is anything to go back to: never a page with somebody's name on it.
        for _step in range(8):
            walk.page.go_back(wait_until="load")
            assert "Wilma" not in walk.page.content()
        walk.go(f"{home}account/")
        assert "/sign-in/" in walk.page.url
        # Whether or not the next person ticks the box, the national service asks who they are.
        goes_to_keycloak(walk, onward)
        walk.close()


def beside(what: Callable[[], Any]) -> Any:
    """Something of Django's, which does not work in the thread of a browser."""

    def closing() -> Any:
        try:
            return what()
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(closing).result()


@pytest.mark.parametrize("width", [1280, 360])
def test_an_officers_form_waits_while_they_prove_again(
    keycloak: Running, server: int, tenants: Any, width: int
) -> None:
    account = account_make(keycloak, "rhoda", kind=RealmKind.STAFF, otp=True)
    home = f"http://alpha.staff.localhost:{server}"

    def prepared() -> None:
        officer_of(tenants.alpha, "Rhoda")
        with in_tenant(tenants.alpha):
            round_made("leith")

    def aged(key: str) -> None:
        with in_tenant(tenants.alpha):
            session = SessionStore(key)
            session[PROVED_AT] = time.time() - 3600
            session.save()

    with chromium() as browser:
        walk = Walk(browser, f"officer-{width}", width=width)
        walk.page.goto(f"{home}/how-your-vote-is-kept/")
        walk.page.locator("#username").fill(account.address)
        walk.page.locator("#password").fill(PASSWORD)
        walk.page.locator("#password").press("Enter")
        walk.page.locator("#otp").fill(account.code())
        walk.page.locator("#otp").press("Enter")
        walk.page.wait_for_url(f"{home}/**")
        beside(prepared)
        cookies = {one["name"]: one["value"] for one in walk.context.cookies(home)}
        beside(lambda: aged(cookies[settings.SESSION_COOKIE_NAME]))
        walk.go(f"{home}/rounds/leith/steps/cancel/")
        walk.tick("The money is not there any more")
        walk.type("The reason in your own words", "The hall has burnt down.")
        walk.press("Cancel the round")
        walk.sees("What you filled in is kept.")
        walk.page.get_by_role("link", name="Go on to sign in").click()
        walk.page.wait_for_url(f"{home}/rounds/leith/steps/cancel/")
        walk.look()
        walk.sees("check the form and send it again")
        assert walk.page.get_by_label("The money is not there any more").is_checked()
        assert walk.page.get_by_label("The reason in your own words").input_value() == "The hall has burnt down."
        walk.press("Cancel the round")
        walk.sees("The round is cancelled.")
        walk.close()
