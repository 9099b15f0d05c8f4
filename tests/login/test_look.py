"""Keycloak's own pages as people see them: our frame, both languages, small and wide, nothing that axe finds."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.people.sso.realm.files import realm_file, user_profile
from core.people.sso.realm.server import segment
from core.people.sso.sites import RealmKind
from core.project.keycloak_theme import SHARED, theme_write
from tests.e2e.conftest import chromium
from tests.support.keycloak import PASSWORD, Running, mark
from tests.support.look import look as look_at

pytestmark = [pytest.mark.keycloak, pytest.mark.browser]
NO_ADDRESS = {"en": "Write a whole e-mail address", "gd": "Sgrìobh seòladh puist-d slàn"}
BACK = "http://127.0.0.1:1/back"
WORDS = {"en": ("Sign in", "I can’t do any of these"), "gd": ("Clàraich a-steach", "Chan urrainn dhomh")}


@pytest.fixture(scope="module")
def look(keycloak_server: Running) -> Iterator[tuple[Running, str]]:
    """A realm that looks as the residents' does, with one council's client and a person for each page."""
    admin, realm = keycloak_server.admin(), f"{mark()}-look"
    file = realm_file(RealmKind.RESIDENTS.value, {"realm": realm})
    base = f"realms/{segment(realm)}"
    admin.call("POST", "realms", {"realm": realm, "enabled": True})
    admin.call("PUT", base, file["realm"])
    admin.call("PUT", f"{base}/users/profile", user_profile(file))
    for language, texts in file["texts"].items():
        admin.call("POST", f"{base}/localization/{language}", texts)
    client = {
        "clientId": "council",
        "name": "Alpha Council",
        "publicClient": True,
        "redirectUris": [BACK],
        "baseUrl": "http://alpha.localhost:8000/",
        "attributes": {"commonty.name.gd": "Comhairle Alpha", "commonty.host": "public"},
    }
    admin.call("POST", f"{base}/clients", client)
    elsewhere = {"clientId": "a", "tokenUrl": "http://127.0.0.1:1/t", "authorizationUrl": "http://127.0.0.1:1/a"}
    broker = {"alias": "scotaccount", "displayName": "ScotAccount", "providerId": "oidc", "config": elsewhere}
    admin.call("POST", f"{base}/identity-provider/instances", broker)
    password = [{"type": "password", "value": PASSWORD, "temporary": False}]
    for name, action in (("codes", "CONFIGURE_TOTP"), ("passkey", "webauthn-register-passwordless")):
        address = f"{name}@people.example"
        person = {"username": address, "email": address, "emailVerified": True, "enabled": True}
        admin.call("POST", f"{base}/users", {**person, "requiredActions": [action], "credentials": password})
    yield keycloak_server, realm
    admin.call("DELETE", base)


class Screen:
    """One window at Keycloak. Each page it comes to is checked."""

    def __init__(self, browser: Any, run: Running, realm: str, *, language: str) -> None:
        self.language = language
        self.context = browser.new_context(bypass_csp=True)
        self.page = self.context.new_page()
        self.base = f"{run.url}/realms/{realm}/protocol/openid-connect"
        self.seen: list[str] = []

    def begin(self, *, client: str = "council") -> None:
        words = f"client_id={client}&response_type=code&scope=openid&redirect_uri={BACK}&ui_locales={self.language}"
        self.page.goto(f"{self.base}/auth?{words}&state={secrets.token_hex(4)}")
        self.check()

    def check(self) -> None:
        self.page.wait_for_load_state("load")
        name = str(self.page.locator("body").get_attribute("data-page-id"))
        self.seen.append(name)
        where = f"{name} {self.language}"
        assert self.page.locator("html").get_attribute("lang") == self.language, where
        assert self.page.locator(".g-recaptcha, iframe").count() == 0, where
        assert look_at(self.page, name=f"keycloak-{self.language}-{name}") == []

    def press(self, what: str) -> None:
        self.page.locator(what).first.click()
        self.check()

    def text(self) -> str:
        return str(self.page.locator("body").inner_text())


def test_every_page_on_the_way_in_is_ours_in_both_languages(look: tuple[Running, str]) -> None:
    with chromium() as browser:
        for language in WORDS:
            _walked(browser, look, language)


def _walked(browser: Any, look: tuple[Running, str], language: str) -> None:
    council = {"en": "Alpha Council", "gd": "Comhairle Alpha"}[language]
    one = Screen(browser, *look, language=language)
    one.begin()
    for words in (*WORDS[language], council, "ScotAccount", "BSL"):
        assert words in one.text()
    help_links = one.page.locator(".cc-help a").evaluate_all("all => all.map(one => one.href)")
    home = "http://alpha.localhost:8000/" + ("gd/" if language == "gd" else "")
    assert help_links == [f"{home}sign-in-help/", f"{home}sign-in-help/#bsl", home]
    # A passkey comes before the first thing to fill in.
    first = one.page.locator("main button:visible, main input:visible").first
    assert first.get_attribute("id") == "authenticateWebAuthnButton"
    one.page.fill("#username", "nobody@people.example")
    one.page.fill("#password", "wrong")
    one.press("#kc-login")
    assert one.page.locator("[role=alert]").count() == 1
    one.press("a[href*=reset-credentials]")
    one.page.go_back()
    one.press("a[href*=registration]")
    one.page.fill("#email", "not an address")
    one.press("#kc-register-form [type=submit]")
    assert NO_ADDRESS[language] in one.text()
    for name in ("codes", "passkey"):
        other = Screen(browser, *look, language=language)
        other.begin()
        other.page.fill("#username", f"{name}@people.example")
        other.page.fill("#password", PASSWORD)
        other.press("#kc-login")
        one.seen += other.seen
    one.page.goto(f"{one.base}/logout?client_id=council&ui_locales={language}")
    one.check()
    one.page.goto(f"{one.base}/auth?client_id=council&response_type=code&redirect_uri=http://evil.localhost/")
    assert "error" in str(one.page.locator("body").get_attribute("data-page-id"))
    pages = {"login", "login-reset-password", "register", "login-config-totp", "webauthn-register", "logout-confirm"}
    assert {f"login-{name}" for name in pages} <= set(one.seen)


def test_the_theme_is_a_folder_of_templates_and_the_pages_own_style_sheets(tmp_path: Path) -> None:
    folder = theme_write(tmp_path) / "commonty"
    assert {path.name for path in folder.iterdir()} == {"login", "email", "account"}
    for name, place in SHARED.items():
        assert (folder / "login" / "resources" / place / name).stat().st_size
    texts = realm_file(RealmKind.RESIDENTS.value, {"realm": "x"})["texts"]
    assert texts["en"].keys() <= texts["gd"].keys(), "what is said in English is said in Gaelic"
    for path in folder.rglob("*.ftl"):
        text = path.read_text(encoding="utf-8")
        assert "http://" not in text
        assert "https://" not in text, "nothing is asked of anybody else"
