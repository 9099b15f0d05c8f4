"""How long a sign-in holds: silent ones, shared computers, the provider's end, roles and accounts taken away."""

from __future__ import annotations

import html
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import redis
from django.conf import settings

from core.kernel.env import environment
from core.kernel.errors import Unavailable
from core.people import sign_ins
from core.people.models import Person, RoleGrant, Session, SignIn
from core.people.services import role_end, role_grant
from core.people.sessions import SessionStore
from core.people.sso.flow import RENEW_SECONDS
from core.people.sso.realm.files import realm_file
from core.people.sso.realm.server import segment
from core.people.sso.sites import RealmKind, realm_names
from core.web.signed_in import SEEN_AT, SHARED_IDLE_SECONDS
from tenants.registry.context import in_tenant
from tests.login.test_sign_in import signed_in
from tests.support.http import away
from tests.support.keycloak import Account, Running, Visitor, account_make

pytestmark = pytest.mark.keycloak
KEEP_ME = "keep-me-"


def asked(address: str) -> dict[str, str]:
    """What an address asks of the provider."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def comes_back(browser: Any, visitor: Visitor, account: Account, **ticked: str) -> Any:
    """Our answer to a whole sign-in with these boxes ticked."""
    answer = browser.get(visitor.signs_in(away(browser, **ticked), account))
    assert (answer.status_code, answer.get("Location")) == (302, "/privacy/"), visitor.page + answer.content.decode()
    return answer


def users(kind: RealmKind = RealmKind.RESIDENTS) -> str:
    return f"realms/{segment(realm_names().of(kind))}/users"


def change(browser: Any, **values: Any) -> None:
    """Change what a browser's session says, as time does."""
    with in_tenant(browser.tenant):
        session = SessionStore(browser.cookies[settings.SESSION_COOKIE_NAME].value)
        session.update(values)
        session.save()


def time_passes() -> None:
    """Whatever was asked a moment ago is due again."""
    with redis.Redis.from_url(environment().redis_url) as server:
        server.flushdb()


def is_in(browser: Any) -> bool:
    answer = browser.get("/account/")
    assert answer.status_code in (200, 302)
    return bool(answer.status_code == 200)


def only_cookie(browser: Any, starts: str) -> str:
    return next(name for name, one in browser.cookies.items() if name.startswith(starts) and one.value)


def test_no_page_is_shown_only_where_this_tenants_own_cookie_asks_for_it(
    keycloak: Running, tenants: Any, site: Callable[..., Any]
) -> None:
    account = account_make(keycloak, "morag")
    visitor, mine, beta = Visitor(), site(tenants.alpha), site(tenants.beta)
    comes_back(mine, visitor, account, keep="1")
    kept = only_cookie(mine, KEEP_ME)
    later = site(tenants.alpha)
    later.cookies[kept] = mine.cookies[kept].value
    answer = later.get("/sign-in/", {"next": "/privacy/"})
    assert (answer.status_code, asked(answer["Location"])["prompt"]) == (302, "none")
    assert later.get(visitor.go(answer["Location"]))["Location"] == "/privacy/"
    assert is_in(later)
    # The same cookie is nothing at another council, and nobody without it is signed in without a page.
    beta.cookies[kept] = mine.cookies[kept].value
    for browser in (beta, site(tenants.alpha)):
        assert b"shared computer" in browser.get("/sign-in/").content
        assert "prompt" not in asked(away(browser))
    # Once the national session is over there is a page again, and no circle.
    keycloak.admin().call("POST", f"{users()}/{account.id}/logout")
    again = site(tenants.alpha)
    again.cookies[kept] = mine.cookies[kept].value
    back = visitor.go(again.get("/sign-in/", {"next": "/privacy/"})["Location"])
    assert "error=login_required" in back
    answer = again.get(back)
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/?next=%2Fprivacy%2F&asked=1")
    assert b"shared computer" in again.get(answer["Location"]).content
    # Whoever signs out is not signed in again by itself.
    mine.post("/sign-out/")
    assert mine.cookies[kept].value == ""


def test_on_a_shared_computer_nothing_is_left_for_whoever_comes_next(
    keycloak: Running, tenants: Any, site: Callable[..., Any]
) -> None:
    """T63, AB34: signed out, left standing, or closed, the next person is asked for a password and sees no page."""
    first, second = account_make(keycloak, "greta"), account_make(keycloak, "hamish")
    computer, desk = Visitor(), site(tenants.alpha)
    answer = comes_back(desk, computer, first, shared="1")
    cookie = answer.cookies[settings.SESSION_COOKIE_NAME]
    assert (cookie["max-age"], cookie["expires"]) == ("", "")
    # The page that is asked for again when somebody goes back: no browser keeps it.
    page = desk.get("/account/")
    assert b"Greta" in page.content
    assert "no-store" in page["Cache-Control"]
    # No national session stands: not for the next at this computer, not for a browser that was only closed.
    assert keycloak.admin().call("GET", f"{users()}/{first.id}/sessions") == []
    for tenant in tenants:
        assert computer.go(away(site(tenant))) == ""
        assert "password" in computer.page
    # Left standing: in use it holds, after five minutes everything is gone from the browser.
    change(desk, **{SEEN_AT: time.time() - SHARED_IDLE_SECONDS + 30})
    assert is_in(desk)
    change(desk, **{SEEN_AT: time.time() - SHARED_IDLE_SECONDS - 1})
    desk.cookies["ballot-of-somebody"] = "half filled"
    answer = desk.get("/account/")
    assert answer.status_code == 302
    assert '"cache"' in answer["Clear-Site-Data"]
    assert not any(one.value for one in desk.cookies.values())
    # Signed out: the same, and the provider has nothing to end any more.
    third = site(tenants.alpha)
    comes_back(third, computer, second, shared="1")
    third.cookies["ballot-of-somebody"] = "half filled"
    answer = third.post("/sign-out/")
    assert '"cache"' in answer["Clear-Site-Data"]
    assert not any(one.value for one in third.cookies.values())
    assert computer.go(answer["Refresh"].removeprefix("0; url=")) == "/"
    assert not is_in(third)


def test_a_shared_computer_asks_even_where_somebody_is_signed_in_nationally(
    keycloak: Running, tenants: Any, site: Callable[..., Any]
) -> None:
    account = account_make(keycloak, "niall")
    computer, alpha, beta = Visitor(), site(tenants.alpha), site(tenants.beta)
    comes_back(alpha, computer, account, keep="1")
    address = away(beta, shared="1", keep="1")
    assert asked(address)["prompt"] == "login"
    assert computer.go(address) == ""
    assert "password" in computer.page
    # A browser that strikes the word out of the address comes back by the old proof, which is not enough.
    unasked = computer.go(address.replace("prompt=login", "prompt="))
    if unasked:
        change_at = beta.get(unasked)
        assert change_at.status_code in (302, 403)
    answer = beta.get(computer.signs_in(away(beta, shared="1"), account))
    assert answer.status_code == 302
    assert not any(name.startswith(KEEP_ME) and one.value for name, one in beta.cookies.items())
    # The end of the one national session has ended what stood at the other council, too.
    deadline = time.monotonic() + 5
    while is_in(alpha) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert (is_in(alpha), is_in(beta)) == (False, True)


def test_a_session_ends_when_the_providers_does(
    keycloak: Running, tenants: Any, site: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked at a stated interval: still there, still there by the token that was exchanged, closed."""
    account, other = account_make(keycloak, "donald"), account_make(keycloak, "elspeth")
    browser, neighbour = site(tenants.alpha), site(tenants.alpha)
    signed_in(browser, Visitor(), account)
    signed_in(neighbour, Visitor(), other)
    with in_tenant(tenants.alpha):
        begun = SignIn.objects.get(person__display_name="Donald")
        assert begun.renewal
        assert begun.level == 1
        # What the provider calls its session stands nowhere: a keyed mark of it does (T64).
        assert len(Session.objects.get(sign_in=begun).provider_mark) == 64
    for _twice in range(2):
        time_passes()
        assert is_in(browser)
    with in_tenant(tenants.alpha):
        assert SignIn.objects.get(pk=begun.pk).renewal != begun.renewal
    # A provider that does not answer ends nobody's session.
    time_passes()
    with monkeypatch.context() as patch:
        patch.setattr(sign_ins, "renewed", lambda *args, **more: (_ for _ in ()).throw(Unavailable("away")))
        assert is_in(browser)
    keycloak.admin().call("PUT", f"{users()}/{account.id}", {"enabled": False})
    # Within the interval nobody asks; after it the session is over, and only this one.
    time_passes()
    assert not is_in(browser)
    assert is_in(neighbour)
    assert RENEW_SECONDS == {"staff": 60, "public": 300}


def test_a_role_or_an_account_that_was_taken_away_is_gone(
    keycloak: Running, tenants: Any, site: Callable[..., Any]
) -> None:
    """AB33: the role at the next request, the account within a minute."""
    account = account_make(keycloak, "una", kind=RealmKind.STAFF, otp=True)
    desk = site(tenants.alpha, purpose="staff")
    answer = desk.get(Visitor().signs_in(away(desk), account))
    assert answer.status_code == 302, answer.content
    with in_tenant(tenants.alpha):
        person = Person.objects.get(display_name="Una")
        grants = [role_grant(person=person, role=role, giver=None) for role in ("officer", "observer")]
    assert desk.get("/people/").status_code == 200
    with in_tenant(tenants.alpha):
        role_end(grant=RoleGrant.objects.get(pk=grants[0].pk), actor=None)
    assert desk.get("/people/").status_code == 403
    assert desk.get("/rounds/").status_code == 200
    keycloak.admin().call("PUT", f"{users(RealmKind.STAFF)}/{account.id}", {"enabled": False})
    time_passes()
    assert desk.get("/rounds/")["Location"].startswith("/sign-in/")


def test_the_providers_pages_speak_the_language_of_ours(
    keycloak: Running, tenants: Any, site: Callable[..., Any]
) -> None:
    visitor = Visitor()
    for page, language in (("/gd/account/", "gd"), ("/account/", "en")):
        address = away(site(tenants.alpha), page)
        assert asked(address)["ui_locales"] == language
        assert visitor.go(address) == ""
        assert f'lang="{language}"' in visitor.page


def test_whoever_signs_out_of_a_gaelic_page_comes_to_one(
    keycloak: Running, tenants: Any, site: Callable[..., Any]
) -> None:
    account, visitor = account_make(keycloak, "fionnghal"), Visitor()
    for back, home in (("/gd/", "/gd/"), ("https://evil.example/", "/"), ("/privacy/", "/"), ("/", "/")):
        browser = site(tenants.alpha)
        signed_in(browser, visitor, account)
        assert b'name="back" value="/gd/"' in browser.get("/gd/account/").content
        answer = browser.post("/sign-out/", {"back": back})
        assert (answer.status_code, b'<html lang="gd"' in answer.content) == (200, home == "/gd/")
        assert visitor.go(answer["Refresh"].removeprefix("0; url=")) == home


@pytest.mark.parametrize("language", ["en", "gd"])
def test_officers_meet_pages_for_officers_and_a_way_out_that_does_not_lead_back(
    keycloak: Running, tenants: Any, site: Callable[..., Any], language: str
) -> None:
    pages = {}
    for kind, purpose in ((RealmKind.RESIDENTS, "public"), (RealmKind.STAFF, "staff")):
        foot = realm_file(kind.value, {"realm": "x"})["texts"][language]["commontyFoot"]
        visitor, browser = Visitor(), site(tenants.alpha, purpose=purpose, headers={"accept-language": language})
        page = "/gd/privacy/" if language == "gd" and purpose == "public" else "/privacy/"
        assert visitor.go(away(browser, page)) == ""
        pages[purpose] = html.unescape(visitor.page)
        assert foot in pages[purpose]
    home = f"http://alpha.localhost:{environment().port}/" + ("gd/" if language == "gd" else "")
    assert f'href="{home}sign-in-help/"' in pages["public"]
    assert f'href="{home}"' in pages["staff"]
    assert "sign-in-help" not in pages["staff"]
    assert 'href="http://alpha.staff' not in pages["staff"]
