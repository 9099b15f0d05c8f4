"""What a real Keycloak and we refuse: strange ways back, another council's codes and tokens, forged logout tokens."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import RSAKey

from core.kernel.env import environment
from core.people.models import Person, Session
from core.people.sso import door
from core.people.sso.client_key import assertion, keys_of
from core.people.sso.logout import EVENT
from core.people.sso.provider import provider
from core.people.sso.realm.service import client_key_exchange, realm_plan
from core.people.sso.sites import realm_names
from tenants.registry.context import in_tenant
from tests.login.test_sign_in import signed_in
from tests.support.http import away
from tests.support.keycloak import Running, Visitor, account_make

pytestmark = pytest.mark.keycloak


def issuer() -> str:
    return f"{environment().keycloak_url}/realms/{realm_names().residents}"


def asked_with(address: str, **changes: str | list[str]) -> requests.Response:
    """The authorization request with some of its words changed; a list says a word twice."""
    parts = urlsplit(address)
    words: dict[str, Any] = {name: values[0] for name, values in parse_qs(parts.query).items()} | changes
    query = urlencode({name: value for name, value in words.items() if value != ""}, doseq=True)
    return requests.get(urlunsplit(parts._replace(query=query)), allow_redirects=False, timeout=20)


def test_only_the_one_way_back_is_taken_and_only_with_a_challenge(
    keycloak: Running, tenants: Any, site: Callable[..., Any]
) -> None:
    address = away(site(tenants.alpha))
    back = parse_qs(urlsplit(address).query)["redirect_uri"][0]
    parts = urlsplit(back)
    tricks: list[str | list[str]] = [
        back.replace("alpha", "beta"),
        back + "more",
        back + "?next=/",
        back.rstrip("/"),
        back.replace("http://", "https://"),
        f"{parts.scheme}://{parts.netloc}@evil.localhost{parts.path}",
        f"{parts.scheme}://evil@{parts.netloc}{parts.path}",
        f"{parts.scheme}://{parts.hostname}:1{parts.path}",
        f"{parts.scheme}://{parts.netloc}/sign-in/../account/",
        f"{parts.scheme}://x.{parts.netloc}{parts.path}",
    ]
    assert asked_with(address).status_code == 200
    for trick in tricks:
        answer = asked_with(address, redirect_uri=trick)
        assert answer.status_code == 400, trick
        assert "Location" not in answer.headers
    # Said twice: an error, and to the one good address only.
    doubled = asked_with(address, redirect_uri=[back, "http://evil.localhost/"])
    assert doubled.headers.get("Location", back).startswith(back)
    assert doubled.status_code == 400 or "error=invalid_request" in doubled.headers["Location"]
    for changes in (
        {"code_challenge": "", "code_challenge_method": ""},
        {"code_challenge_method": "plain"},
        {"response_type": "token"},
        {"response_type": "id_token token"},
    ):
        answer = asked_with(address, **changes)
        where = answer.headers.get("Location", "")
        assert answer.status_code == 400 or "error=" in where
        assert "access_token" not in where


def test_after_signing_out_only_the_one_way_back_is_taken(
    keycloak: Running, tenants: Any, site: Callable[..., Any]
) -> None:
    end = provider(issuer()).endpoints().end
    home = f"http://alpha.localhost:{environment().port}/"
    for bad in (home + "x", home.replace("alpha", "beta"), "http://evil.localhost/", home.replace("//", "//evil@")):
        words = urlencode({"client_id": "commonty-alpha", "post_logout_redirect_uri": bad})
        assert requests.get(f"{end}?{words}", allow_redirects=False, timeout=20).status_code == 400, bad


def test_no_password_and_no_foreign_key_gets_a_token(keycloak: Running, tenants: Any) -> None:
    account = account_make(keycloak, "ishbel")
    token = provider(issuer()).endpoints().token
    own = keys_of("client/public", tenants.alpha.uuid, 1)[0]
    foreign = keys_of("client/public", tenants.beta.uuid, 1)[0]
    password = {"grant_type": "password", "username": account.address, "password": "x", "scope": "openid"}
    shown = assertion(own, client="commonty-alpha", audience=issuer())
    refused = requests.post(token, data={**password, **shown}, timeout=20)
    assert refused.status_code in (400, 401)
    for bad in (
        assertion(foreign, client="commonty-alpha", audience=issuer()),
        assertion(own, client="commonty-alpha", audience="https://elsewhere.example"),
        assertion(own, client="commonty-beta", audience=issuer()),
        {"client_id": "commonty-alpha", "client_secret": "demo"},
        shown,
    ):
        answer = requests.post(token, data={"grant_type": "authorization_code", "code": "x", **bad}, timeout=20)
        assert answer.status_code in (400, 401)
        assert answer.json()["error"] in ("invalid_client", "unauthorized_client"), answer.text


def test_a_code_for_one_council_is_worth_nothing_at_another_or_in_another_browser(
    keycloak: Running, tenants: Any, site: Callable[..., Any]
) -> None:
    account = account_make(keycloak, "eilidh")
    mine, beta, other = site(tenants.alpha), site(tenants.beta), site(tenants.alpha)
    visitor = Visitor()
    back = visitor.signs_in(away(mine), account)
    for name, cookie in mine.cookies.items():
        beta.cookies[name] = cookie.value
    assert beta.get(back).status_code == 403
    assert other.get(back).status_code == 403
    # Beta's own sign-in with alpha's code.
    query = parse_qs(urlsplit(back).query)
    own = parse_qs(urlsplit(away(beta)).query)["state"][0]
    stolen = urlencode({"code": query["code"][0], "state": own, "iss": query["iss"][0]})
    assert beta.get(f"/sign-in/callback/?{stolen}").status_code == 403
    for tenant in tenants:
        with in_tenant(tenant):
            assert not Person.objects.exists()


def test_an_answer_that_names_another_issuer_is_refused(
    keycloak: Running, tenants: Any, site: Callable[..., Any]
) -> None:
    account = account_make(keycloak, "isla")
    browser = site(tenants.alpha)
    back = Visitor().signs_in(away(browser), account)
    assert "&iss=" in back
    mixed = re.sub(r"iss=[^&]+", "iss=https%3A%2F%2Fother.example", back)
    assert browser.get(mixed).status_code == 403


def logout_token(key: RSAKey, **changes: Any) -> str:
    now = int(time.time())
    claims = {"iss": issuer(), "aud": "commonty-alpha", "iat": now, "exp": now + 60, "jti": "x", "events": {EVENT: {}}}
    return jwt.encode({"alg": "RS256", "kid": str(key.kid)}, claims | changes, key)


def test_forged_foreign_and_repeated_logout_tokens_end_nothing(
    keycloak: Running, tenants: Any, site: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    from core.people.sso import logout

    account = account_make(keycloak, "fergus")
    browser, beta = site(tenants.alpha), site(tenants.beta)
    signed_in(browser, Visitor(), account)
    with in_tenant(tenants.alpha):
        subject = Person.objects.get().subject
    post = "/sign-out/back-channel/"
    forged = RSAKey.generate_key(2048, {"kid": "made up"})
    for bad in (logout_token(forged, sub=subject), "", "a.b.c"):
        assert browser.post(post, {"logout_token": bad}).status_code == 400
    assert browser.get(post).status_code == 405
    assert browser.get("/account/").status_code == 200
    assert "logout.signature" in caplog.text
    # What a provider whose key we hold would say: good here once, at no time at the sibling.
    real = RSAKey.generate_key(2048, {"kid": "ours"})
    from joserfc.jwk import KeySet

    class Stand:
        def keys(self, *, fresh: bool = False) -> KeySet:
            return KeySet([real])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logout, "provider", lambda issuer: Stand())
        good = logout_token(real, sub=subject)
        assert beta.post(post, {"logout_token": good}).status_code == 400
        assert browser.get("/account/").status_code == 200
        assert browser.post(post, {"logout_token": good}).status_code == 200
        assert browser.get("/account/").status_code == 302
        assert browser.post(post, {"logout_token": good}).status_code == 400
    with in_tenant(tenants.alpha):
        assert not Session.objects.filter(person__isnull=False).exists()


def test_a_key_is_exchanged_and_no_sign_in_fails(keycloak: Running, tenants: Any, site: Callable[..., Any]) -> None:
    account = account_make(keycloak, "rhona")
    early = site(tenants.alpha)
    back = Visitor().signs_in(away(early), account)
    assert client_key_exchange(tenants.alpha) == 2
    # This process still signs with the first key: it has looked a moment ago.
    assert early.get(back).status_code == 302
    door._numbers.clear()
    late = site(tenants.alpha)
    signed_in(late, Visitor(), account)
    assert realm_plan() == []
    # A second exchange, and the first key is worth nothing any more.
    assert client_key_exchange(tenants.alpha) == 3
    token = provider(issuer()).endpoints().token
    first = keys_of("client/public", tenants.alpha.uuid, 1)[0]
    shown = assertion(first, client="commonty-alpha", audience=issuer())
    answer = requests.post(token, data={"grant_type": "authorization_code", "code": "x", **shown}, timeout=20)
    assert answer.json()["error"] == "invalid_client"
    door._numbers.clear()


def test_the_sector_host_serves_its_documents_and_nothing_else(keycloak: Running, server: int, tenants: Any) -> None:
    def ask(path: str, method: str = "GET") -> requests.Response:
        headers = {"Host": f"sector.localhost:{server}"}
        return requests.request(method, f"http://127.0.0.1:{server}{path}", headers=headers, timeout=10)

    good = ask(f"/{tenants.alpha.uuid}.json")
    assert good.json() == [
        f"http://alpha.localhost:{server}/sign-in/callback/",
        f"http://alpha.staff.localhost:{server}/sign-in/callback/",
    ]
    assert good.headers["Content-Type"] == "application/json"
    for path in ("/", "/sign-in/", "/account/", "/00000000-0000-4000-8000-000000000000.json", "/robots.txt"):
        assert ask(path).status_code == 404
        assert ask(path).content == b"Not found\n"
    assert ask(f"/{tenants.alpha.uuid}.json", "POST").status_code == 404
