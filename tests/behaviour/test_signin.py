"""Signing in with a real provider on loopback, and every way in which it must be refused."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from core.kernel.crypto import token_open, token_seal
from core.kernel.env import Environment, environment
from core.kernel.errors import Refused
from core.people.sso import door
from core.people.sso.claims import identity_of
from core.people.sso.flow import PURPOSE
from tests.support.bootstrap import ROOT
from tests.support.http import away as begun

ISSUER, CLIENT, NONCE, NOW = "https://id.example", "commonty-alpha", "a nonce", 1_800_000_000


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [sys.executable, "-m", "core.project.demo_login", "--port", str(port)]
    words += ["--community", "alpha=Alpha Council", "--community", "beta=Beta Council"]
    process = subprocess.Popen(words, cwd=ROOT, env={**os.environ})
    address = f"http://127.0.0.1:{port}"
    try:
        for _attempt in range(300):
            assert process.poll() is None, "the provider ended at once"
            try:
                requests.get(address + "/jwks", timeout=2).raise_for_status()
                break
            except requests.RequestException:
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture
def provided(issuer: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The environment with the embedded provider as the issuer."""
    with_issuer: Environment = environment().model_copy(update={"oidc_issuer": issuer})
    monkeypatch.setattr(door, "environment", lambda: with_issuer)
    return issuer


def pick(away: str, subject: str) -> str:
    """What the person does at the provider: press one button. The path and query to come back to."""
    answer = requests.post(away, data={"sub": subject}, allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    parts = urlsplit(answer.headers["Location"])
    assert parts.path == "/sign-in/callback/"
    return f"{parts.path}?{parts.query}"


def signed_in(browser: Any, subject: str, next_path: str = "/privacy/") -> Any:
    return browser.get(pick(begun(browser, next_path), subject))


def is_nobody(browser: Any) -> bool:
    return bool(browser.get("/account/").status_code == 302)


def test_sign_in_with_code_and_pkce_renews_the_session(provided: str, tenants: Any, site: Callable[..., Any]) -> None:
    browser = site(tenants.alpha)
    away = begun(browser)
    asked = parse_qs(urlsplit(away).query)
    assert asked["client_id"] == ["commonty-alpha"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["response_type"] == ["code"]
    assert {"state", "nonce", "code_challenge"} <= set(asked)
    assert asked["redirect_uri"] == [f"http://{browser.host}:{environment().port}/sign-in/callback/"]
    answer = browser.get(pick(away, "demo-resident-1"))
    assert (answer.status_code, answer["Location"]) == (302, "/privacy/")
    cookies = {name: cookie for name, cookie in answer.cookies.items() if cookie.value}
    assert cookies
    assert all(not cookie["domain"] and cookie["path"] == "/" and cookie["httponly"] for cookie in cookies.values())
    assert "no-store" in answer["Cache-Control"]
    first = browser.cookies[next(name for name in cookies if name.startswith("session"))].value
    signed_in(browser, "demo-resident-2")
    second = browser.cookies[next(name for name in cookies if name.startswith("session"))].value
    assert first != second
    assert browser.get("/sign-out/").status_code == 405
    left = browser.post("/sign-out/")
    assert left.status_code == 200
    assert browser.cookies[next(name for name in cookies if name.startswith("session"))].value == ""


def test_another_browser_another_state_and_a_second_time_are_refused(
    provided: str, tenants: Any, site: Callable[..., Any]
) -> None:
    mine, other = site(tenants.alpha), site(tenants.alpha)
    back = pick(begun(mine), "demo-resident-1")
    assert other.get(back).status_code == 403
    code = parse_qs(urlsplit(back).query)["code"][0]
    assert mine.get("/sign-in/callback/?" + urlencode({"code": code, "state": "made up"})).status_code == 403
    kept = dict(mine.cookies)
    assert mine.get(back).status_code == 302
    for name, cookie in kept.items():
        mine.cookies[name] = cookie.value
    again = mine.get(back)
    assert again.status_code == 403
    assert b"Traceback" not in again.content
    assert b"Try to sign in again" in again.content


def test_an_answer_for_one_tenant_or_host_is_worth_nothing_at_another(
    provided: str, tenants: Any, site: Callable[..., Any]
) -> None:
    for foreign in (site(tenants.beta), site(tenants.alpha, purpose="staff")):
        mine = site(tenants.alpha)
        back = pick(begun(mine), "demo-resident-1")
        for name, cookie in mine.cookies.items():
            foreign.cookies[name] = cookie.value
        assert foreign.get(back).status_code == 403
        assert mine.get(back).status_code == 302


def test_an_answer_that_lacks_says_twice_or_comes_late_is_refused(
    provided: str, tenants: Any, site: Callable[..., Any]
) -> None:
    browser = site(tenants.alpha)
    back = pick(begun(browser), "demo-resident-1")
    given = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
    code, state = given["code"], given["state"]
    kept = {name: one.value for name, one in browser.cookies.items()}
    for bad in (
        {"code": code},
        {"code": code, "state": ""},
        {"state": state, "code": [code, "another"]},
        {"code": code, "state": ["another", state]},
        {"code": code, "state": [state, "another"]},
        {"code": code, "state": "x" * 9000},
    ):
        answer = browser.get("/sign-in/callback/?" + urlencode(bad, doseq=True))
        assert (answer.status_code, is_nobody(browser)) == (403, True), bad
        assert b"Start again" in answer.content
    # Ten minutes later: the same note, sealed so that it has run out.
    (name,) = (name for name in kept if name.startswith("sign-in-"))
    note = token_open(PURPOSE, tenants.alpha.uuid, kept[name])
    browser.cookies[name] = token_seal(PURPOSE, tenants.alpha.uuid, note, ttl=timedelta(seconds=-1))
    answer = browser.get(back)
    assert (answer.status_code, is_nobody(browser)) == (403, True)
    assert b"has expired" in answer.content
    # None of that has used it up.
    browser.cookies[name] = kept[name]
    assert browser.get(back).status_code == 302


@pytest.mark.parametrize("said", ["access_denied", "server_error", "temporarily_unavailable", "<script>", ""])
def test_what_the_provider_says_instead_is_told_in_our_words(
    said: str, provided: str, tenants: Any, site: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    browser = site(tenants.alpha)
    state = parse_qs(urlsplit(begun(browser)).query)["state"][0]
    words = {"error": said, "error_description": "<b>call this number</b>", "state": state}
    answer = browser.get("/sign-in/callback/?" + urlencode(words))
    assert (answer.status_code, is_nobody(browser)) == (403, True)
    page = answer.content.decode()
    assert "Try to sign in again" in page
    assert "call this number" not in page
    assert state not in caplog.text


def test_two_tabs_do_not_disturb_each_other(provided: str, tenants: Any, site: Callable[..., Any]) -> None:
    browser = site(tenants.alpha)
    first, second = begun(browser, "/places/"), begun(browser, "/privacy/")
    assert browser.get(pick(first, "demo-resident-1"))["Location"] == "/places/"
    assert browser.get(pick(second, "demo-resident-1"))["Location"] == "/privacy/"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil",
        "/\t/evil",
        "javascript:alert(1)",
        "/a\n",
        "http:/evil",
        "/sign-out/",
        "",
    ],
)
def test_next_stays_on_this_host(elsewhere: str, provided: str, tenants: Any, site: Callable[..., Any]) -> None:
    answer = signed_in(site(tenants.alpha), "demo-resident-1", elsewhere)
    assert (answer.status_code, answer["Location"]) == (302, "/")


def test_cancel_and_an_absent_provider_are_plain_pages(
    provided: str, tenants: Any, site: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = site(tenants.alpha)
    away = begun(browser)
    answer = requests.post(away, data={"action": "deny"}, allow_redirects=False, timeout=10)
    parts = urlsplit(answer.headers["Location"])
    page = browser.get(f"{parts.path}?{parts.query}")
    assert page.status_code == 403
    assert b"You have not signed in" in page.content
    gone = environment().model_copy(update={"oidc_issuer": "http://127.0.0.1:9"})
    monkeypatch.setattr(door, "environment", lambda: gone)
    page = browser.post("/sign-in/", {"next": "/privacy/"})
    assert page.status_code == 503
    assert b"does not answer" in page.content
    assert re.search(rb"<h1>[^<]+</h1>", page.content)


def test_a_session_of_one_tenant_is_nobody_at_another(provided: str, tenants: Any, site: Callable[..., Any]) -> None:
    from core.project.demo_people import demo_people_grant

    for tenant in tenants:
        demo_people_grant(issuer=provided, tenant=tenant)
    mine, foreign = site(tenants.alpha, purpose="staff"), site(tenants.beta, purpose="staff")
    signed_in(mine, "demo-officer-alpha-1")
    signed_in(foreign, "demo-officer-beta-1")
    assert mine.get("/cms/").status_code == 200
    for name, cookie in mine.cookies.items():
        foreign.cookies[name] = cookie.value
    assert foreign.get("/cms/").status_code == 302


def test_a_role_that_ended_is_gone_at_the_next_request(provided: str, tenants: Any, site: Callable[..., Any]) -> None:
    from core.people.models import RoleGrant
    from core.people.services import role_end
    from core.project.demo_people import demo_people_grant
    from tenants.registry.context import in_tenant

    assert demo_people_grant(issuer=provided, tenant=tenants.alpha) == 2
    assert demo_people_grant(issuer=provided, tenant=tenants.alpha) == 0
    browser, stranger = site(tenants.alpha, purpose="staff"), site(tenants.alpha, purpose="staff")
    signed_in(browser, "demo-officer-alpha-1")
    signed_in(stranger, "demo-officer-beta-1")
    assert browser.get("/cms/").status_code == 200
    assert stranger.get("/cms/").status_code == 403
    with in_tenant(tenants.alpha):
        role_end(grant=RoleGrant.objects.get(person__subject="demo-officer-alpha-1"), actor=None)
    assert browser.get("/cms/").status_code == 403


KEY = RSAKey.generate_key(2048, {"kid": "one"})
STRANGE = RSAKey.generate_key(2048, {"kid": "one"})


def token(key: RSAKey = KEY, alg: str = "RS256", **changes: Any) -> str:
    claims = {"iss": ISSUER, "aud": CLIENT, "sub": "someone", "nonce": NONCE, "iat": NOW, "exp": NOW + 300} | changes
    return jwt.encode(
        {"alg": alg, "kid": "one"}, {name: value for name, value in claims.items() if value is not None}, key
    )


def check(text: str) -> str:
    keys = KeySet([KEY])
    return identity_of(text, keys=lambda fresh: keys, issuer=ISSUER, client=CLIENT, nonce=NONCE, now=float(NOW)).subject


def test_a_good_token_is_taken_and_a_signature_by_anybody_else_is_not() -> None:
    import base64
    import json

    assert check(token()) == "someone"
    assert check(token(aud=[CLIENT], azp=CLIENT)) == "someone"
    parts = token().split(".")
    unsigned = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).rstrip(b"=").decode()
    for bad in (
        token(STRANGE),
        f"{unsigned}.{parts[1]}.",
        f"{unsigned}.{parts[1]}.{parts[2]}",
        "",
        "a.b.c",
        "x" * 9000,
    ):
        with pytest.raises(Refused) as refused:
            check(bad)
        assert refused.value.code == "sign_in.signature"


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"iss": "https://other.example"}, "issuer"),
        ({"aud": "commonty-beta"}, "audience"),
        ({"aud": [CLIENT, "commonty-beta"]}, "audience"),
        ({"aud": None}, "audience"),
        ({"azp": "commonty-beta"}, "party"),
        ({"exp": NOW - 61}, "expired"),
        ({"exp": None}, "expired"),
        ({"iat": NOW - 3600}, "issued"),
        ({"iat": NOW + 3600}, "issued"),
        ({"nonce": None}, "nonce"),
        ({"nonce": "another"}, "nonce"),
        ({"sub": None}, "subject"),
        ({"sub": ""}, "subject"),
    ],
)
def test_a_token_made_for_something_else_is_refused(changes: dict[str, Any], what: str) -> None:
    with pytest.raises(Refused) as refused:
        check(token(**changes))
    assert refused.value.code == f"sign_in.{what}"
