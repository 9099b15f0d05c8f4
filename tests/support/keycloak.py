"""One real Keycloak for a test run, and a browser that signs in at it by its own pages."""

from __future__ import annotations

import hmac
import html
import json
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
import requests

from core.kernel.env import environment
from core.people.sso.realm.server import Server, secret_token, segment
from core.people.sso.sites import RealmKind, realm_names
from core.project import keycloak_server
from core.project.keycloak_server import ADMIN_CLIENT, KeycloakServer
from core.project.keycloak_theme import theme_write
from tests.support.bootstrap import KEYCLOAK_LENT

SLUGS = ("alpha", "beta", "gamma", "hub")
PASSWORD = "a long enough sentence for tests"


@dataclass(frozen=True)
class Running:
    """A server that answers, and the operator's secret there; `server` where this run may stop it."""

    url: str
    secret: str
    server: KeycloakServer | None = None

    def admin(self) -> Server:
        return Server(self.url, token=secret_token(self.url, ADMIN_CLIENT, self.secret))


def names() -> list[str]:
    """The hosts of the tests' tenants, which the server must find on this machine."""
    base = environment().base_domain
    return [f"sector.{base}", *(f"{slug}{middle}.{base}" for slug in SLUGS for middle in ("", ".staff"))]


@contextmanager
def running() -> Iterator[Running]:
    """The server of the run: the one that is lent, else one of our own, stopped at the end."""
    lent, secret = KEYCLOAK_LENT
    if lent:
        yield (run := Running(lent, secret))
        for realm in run.admin().call("GET", "realms"):
            if realm["realm"].startswith(mark()):
                run.admin().call("DELETE", f"realms/{segment(realm['realm'])}")
        return
    lacking = keycloak_server.missing()
    if lacking:
        if "keycloak" in os.environ.get("COMMONTY_REQUIRE", ""):
            pytest.fail(f"COMMONTY_REQUIRE names keycloak: {lacking}")
        pytest.skip(f"not run: {lacking}")
    with TemporaryDirectory(prefix="keycloak-") as folder:
        server = KeycloakServer(Path(folder), secrets.token_urlsafe(24), theme=theme_write(Path(folder) / "themes"))
        server.hosts(names())
        server.start()
        try:
            yield Running(server.url, server.secret, server)
        finally:
            server.stop()


def mark() -> str:
    """What this run's realms begin with, so that two runs may share a server that is lent."""
    return f"run{os.getpid()}"


@contextmanager
def configured(run: Running, **more: str) -> Iterator[None]:
    """The service with this Keycloak, in realms that only this test run uses."""
    own = mark()
    values = {
        "COMMONTY_KEYCLOAK_URL": run.url,
        "COMMONTY_KEYCLOAK_ADMIN_SECRET": run.secret,
        "COMMONTY_KEYCLOAK_REALM": f"{own}-scotland",
        "COMMONTY_KEYCLOAK_STAFF_REALM": f"{own}-scotland-staff",
        **more,
    }
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    environment.cache_clear()
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        environment.cache_clear()


@dataclass(frozen=True)
class Account:
    """Somebody with a password in a realm. No two tests share one."""

    id: str
    address: str
    otp: str = ""

    def code(self, *, ahead: int = 0) -> str:
        """What the app on their phone shows now, or `ahead` half minutes later: no code is taken twice."""
        return code_of(self.otp, ahead=ahead)


def code_of(secret: str, *, ahead: int = 0) -> str:
    """A time-based code of six figures (RFC 6238)."""
    counted = hmac.digest(secret.encode(), (int(time.time()) // 30 + ahead).to_bytes(8, "big"), "sha1")
    place = counted[-1] & 15
    return f"{(int.from_bytes(counted[place : place + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"


def account_make(
    run: Running, name: str, *, kind: RealmKind = RealmKind.RESIDENTS, otp: bool = False, **more: Any
) -> Account:
    """An account with a verified address; with `otp` also with a phone that shows codes."""
    base = f"realms/{segment(realm_names().of(kind))}/users"
    address = f"{name}-{secrets.token_hex(4)}@people.example"
    body = {
        "username": address,
        "email": address,
        "emailVerified": True,
        "enabled": True,
        "firstName": name.title(),
        "credentials": [{"type": "password", "value": PASSWORD, "temporary": False}],
        **more,
    }
    secret = secrets.token_urlsafe(24) if otp else ""
    if otp:
        kept = {"subType": "totp", "digits": 6, "counter": 0, "period": 30, "algorithm": "HmacSHA1"}
        phone = {"type": "otp", "secretData": json.dumps({"value": secret}), "credentialData": json.dumps(kept)}
        body["credentials"] = [*body["credentials"], phone]
    admin = run.admin()
    admin.call("POST", base, body)
    return Account(str(admin.call("GET", base, username=address, exact="true")[0]["id"]), address, secret)


class Visitor:
    """One person's browser: cookies of Keycloak here, cookies of each of our hosts in its own client."""

    def __init__(self) -> None:
        self.session = requests.Session()
        self.page = ""
        self.at = ""

    def go(self, address: str) -> str:
        """Follow an address until a page is shown or one of our own hosts is reached; the path and query there."""
        return self._arrive(self.session.get(address, allow_redirects=False, timeout=20))

    def send(self, **fields: str) -> str:
        """Fill in the form of the page that is shown."""
        found = re.search(r'<form[^>]*action="([^"]+)"', self.page)
        assert found, self.page
        address = urljoin(self.at, html.unescape(found[1]))
        return self._arrive(self.session.post(address, data=fields, allow_redirects=False, timeout=20))

    def signs_in(self, address: str, account: Account) -> str:
        """From our sign-in address to the way back, by typing where a page asks."""
        back = self.go(address)
        if back:
            return back
        back = self.send(username=account.address, password=PASSWORD)
        if not back and account.otp and 'name="otp"' in self.page:
            return self.send(otp=account.code())
        return back

    def words(self) -> str:
        """What the page says, for a test that did not expect to be there."""
        main = self.page.partition("<main")[2].partition("</main>")[0]
        return f"{self.at}: " + " ".join(re.sub(r"<script.*?</script>|<[^>]+>", " ", main, flags=re.DOTALL).split())

    def _arrive(self, answer: requests.Response) -> str:
        for _step in range(20):
            self.page, self.at = answer.text, answer.url
            # On loopback a browser sends secure cookies, too; this library does not.
            for cookie in self.session.cookies:
                cookie.secure = False
            if answer.status_code not in (302, 303):
                return ""
            onward = urljoin(answer.url, answer.headers["Location"])
            parts = urlsplit(onward)
            if (parts.hostname or "").endswith(environment().base_domain):
                self.at = onward
                return f"{parts.path}?{parts.query}" if parts.query else parts.path
            answer = self.session.get(onward, allow_redirects=False, timeout=20)
        raise AssertionError("redirected for ever")
