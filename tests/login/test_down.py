"""When the sign-in service is down: a vote goes on, sign-in explains itself, and afterwards everything is as before."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from core.kernel.errors import Unavailable
from core.people.sso import breaker as breakers
from core.people.sso import health as healths
from core.people.sso.breaker import Breaker
from core.people.sso.health import sign_in_health
from core.people.sso.provider import Provider, _life, provider
from core.people.sso.sites import realm_names
from core.project.cli import main
from tests.login.test_sign_in import signed_in
from tests.support.journey import Resident, round_open
from tests.support.keycloak import Running, Visitor, account_make

pytestmark = pytest.mark.keycloak


def _residents() -> str:
    return realm_names().residents


@pytest.fixture
def forgetful() -> Iterator[None]:
    """This process asks the provider anew, as one that has just begun does."""
    provider.cache_clear()
    healths._kept.clear()
    yield
    provider.cache_clear()
    healths._kept.clear()


def test_keycloak_is_killed_during_a_vote_and_comes_back(
    keycloak: Running, tenants: Any, site: Callable[..., Any], forgetful: None, capsys: pytest.CaptureFixture[str]
) -> None:
    if keycloak.server is None:
        # Somebody else's server, named in the environment: others may be using it.
        pytest.skip("not run: a server that is lent is not killed")
    round_open(tenants.alpha)
    account = account_make(keycloak, "before")
    early = site(tenants.alpha)
    signed_in(early, Visitor(), account)
    half = Resident(tenants.alpha)
    half.fill("leith", "P-01", "P-02")
    assert all(one.ok for one in sign_in_health())
    process = keycloak.server.process
    assert process is not None
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    try:
        healths._kept.clear()
        # Whoever wants to sign in is told what to do instead, and when to come back.
        way = half.at("leith", "prove/?how=national-sign-in")
        deadline = time.monotonic() + 15
        while (answer := half.browser.post("/sign-in/", {"next": way})).status_code != 503:
            assert time.monotonic() < deadline, "it has answered a moment ago; that is believed for five seconds"
            time.sleep(0.5)
        assert answer["Retry-After"] == "120"
        page = answer.content.decode()
        assert "does not answer" in page
        assert f'href="{half.at("leith", "prove/")}"' in page
        assert "/sign-in-help/" in page
        # What was filled in is still there, and goes in by a code; somebody new votes from nothing.
        assert "how=code-by-email" in half.page("leith", "prove/").content.decode()
        half.proves_by_code("leith", "half@people.example")
        assert half.send(half.send_form("leith")).status == 303
        assert Resident(tenants.alpha).votes("leith", "late@people.example", "P-03").status == 303
        # Whoever was signed in still is, reads and is on the roll.
        assert early.get("/account/").status_code == 200
        assert early.get("/rounds/leith/").status_code == 200
        # Nobody waits: after a few failures there is no asking at all.
        for _again in range(breakers.MOST_FAILURES):
            assert half.browser.post("/sign-in/", {"next": way}).status_code == 503
        begun = time.monotonic()
        source = provider(f"{keycloak.url}/realms/{_residents()}")
        with pytest.raises(Unavailable):
            source.there()
        assert time.monotonic() - begun < 0.1
        assert [one.ok for one in sign_in_health()] == [False, False]
        assert main(["doctor"]) == 1
        assert "BAD  sign-in" in capsys.readouterr().out
    finally:
        keycloak.server.start()
    healths._kept.clear()
    assert all(one.ok for one in sign_in_health())
    deadline = time.monotonic() + breakers.PAUSE_SECONDS + 15
    late = site(tenants.alpha)
    while late.post("/sign-in/", {"next": "/privacy/"}).status_code == 503 and time.monotonic() < deadline:
        time.sleep(0.5)
    signed_in(late, Visitor(), account)
    assert early.get("/account/").status_code == 200


def test_keys_are_kept_as_long_as_is_stated_and_hold_while_nobody_answers(keycloak: Running, forgetful: None) -> None:
    assert _life("public, max-age=600") == 600
    assert _life("max-age=1") == 60
    assert _life("max-age=999999999") == 86400
    assert _life("no-cache") == 3600
    source = Provider(f"{keycloak.url}/realms/{_residents()}")
    kids = sorted(str(key.kid) for key in source.keys().keys)
    # An hour later nobody answers at that address: what was signed with these keys stays signed …
    source._keys_at -= 4000
    source._endpoints_at -= 4000
    source.issuer = "http://127.0.0.1:9/realms/gone"
    assert source._endpoints is not None
    source._endpoints = replace(source._endpoints, keys="http://127.0.0.1:9/certs")
    assert sorted(str(key.kid) for key in source.keys().keys) == kids
    # … a key nobody has seen is not believed, and after a day nothing is.
    with pytest.raises(Unavailable):
        source.keys(fresh=True)
    source._keys_at -= 90_000
    with pytest.raises(Unavailable):
        source.keys()


def test_the_breaker_lets_one_try_for_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    one = Breaker()
    for _failure in range(breakers.MOST_FAILURES - 1):
        one.failed()
    assert not one.refuses()
    one.failed()
    assert one.refuses()
    now += breakers.PAUSE_SECONDS
    assert not one.refuses(), "somebody tries"
    assert one.refuses(), "and nobody else meanwhile"
    one.answered()
    assert not one.refuses()
