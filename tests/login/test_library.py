"""A library's computer, in a real browser: one person signs in and leaves, the next one finds nothing of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.conftest import chromium
from tests.support.keycloak import PASSWORD, Account, Running, account_make
from tests.support.walk import Walk

pytestmark = [pytest.mark.keycloak, pytest.mark.browser, pytest.mark.timeout(300)]
TICK = "This is a library or shared computer"


def goes_to_keycloak(walk: Walk) -> None:
    walk.page.get_by_role("button", name="Go on to sign in").click()
    walk.page.wait_for_url("**/realms/**")
    walk.page.get_by_label("Password", exact=True).first.wait_for()
    walk.look()


def signs_in(walk: Walk, account: Account, back: str) -> None:
    walk.page.locator("#username").fill(account.address)
    walk.page.locator("#password").fill(PASSWORD)
    walk.page.locator("#password").press("Enter")
    walk.page.wait_for_url(back)
    walk.look()


@pytest.mark.parametrize("width", [1280, 360])
def test_ab34_the_next_person_finds_nothing_not_even_by_going_back(
    keycloak: Running, server: int, tenants: Any, width: int
) -> None:
    account = account_make(keycloak, "wilma")
    home = f"http://alpha.localhost:{server}"
    with chromium() as browser:
        walk = Walk(browser, f"library-{width}", width=width)
        walk.go(f"{home}/account/")
        walk.sees("You can read every page without it.")
        walk.tick(TICK)
        goes_to_keycloak(walk)
        signs_in(walk, account, f"{home}/account/")
        walk.sees("Wilma")
        walk.sees("A shared computer.")
        walk.follow("Erase me here")
        walk.page.get_by_role("link", name="Your account").first.click()
        walk.page.get_by_role("button", name="Sign out").click()
        walk.page.wait_for_url(f"{home}/")
        walk.look()
        cookies = {one["name"] for one in walk.context.cookies(home) if one["value"]}
        assert not any(name.startswith(("session", "keep-me", "csrf")) for name in cookies)
        # Back, as often as there is anything to go back to: never a page with somebody's name on it.
        for _step in range(8):
            walk.page.go_back(wait_until="load")
            assert "Wilma" not in walk.page.content()
        walk.go(f"{home}/account/")
        assert "/sign-in/" in walk.page.url
        # Whether or not the next person ticks the box, the national service asks who they are.
        goes_to_keycloak(walk)
        walk.close()
