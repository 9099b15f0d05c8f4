"""Somebody outside, with a program of their own: real requests to a running server, any host, header and cookie."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from core.kernel.env import environment
from tests.support.canary import assert_clean
from tests.support.journey import FORM

SECONDS = 30


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server sent back. `cookies` are the whole lines by which it set some."""

    status: int
    headers: Mapping[str, str]
    cookies: tuple[str, ...]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def to(self) -> str:
        return self.headers.get("location", "")

    @property
    def to_sign_in(self) -> bool:
        # Wagtail sends to its own door first, which sends on to ours.
        return self.status == 302 and self.to.startswith(("/sign-in/", "/cms/login/"))


@dataclass
class Outside:
    """A program at one tenant's host. Every reply is searched for the other tenant's canary."""

    slug: str
    purpose: str = "public"
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def host(self) -> str:
        middle = "" if self.purpose == "public" else f"{self.purpose}."
        return f"{self.slug}.{middle}{environment().base_domain}:{environment().port}"

    def ask(self, path: str, *, method: str = "GET", body: bytes | None = None, **headers: str) -> Reply:
        """Headers by keyword, with underscores for hyphens; an empty one is left out."""
        lines = {"Host": self.host, "Connection": "close"}
        if self.cookies:
            lines["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        lines |= {name.replace("_", "-"): value for name, value in headers.items()}
        asked = http.client.HTTPConnection("127.0.0.1", environment().port, timeout=SECONDS)
        try:
            asked.request(method, path, body, {name: value for name, value in lines.items() if value})
            answer = asked.getresponse()
            pairs = answer.getheaders()
            reply = Reply(
                answer.status,
                {name.lower(): value for name, value in pairs},
                tuple(value for name, value in pairs if name.lower() == "set-cookie"),
                answer.read(),
            )
        finally:
            asked.close()
        assert_clean(self.slug, reply.text + str(pairs), path)
        return reply

    def get(self, path: str, **headers: str) -> Reply:
        return self.ask(path, **headers)

    def post(self, path: str, values: Mapping[str, Any] | None = None, **headers: str) -> Reply:
        """A form as a browser would send it, with the token against other sites' forms where a cookie of it is held."""
        token = next((value for name, value in self.cookies.items() if "csrf" in name), "")
        fields = {**({"csrfmiddlewaretoken": token} if token else {}), **(values or {})}
        encoded = urlencode(fields, doseq=True).encode()
        return self.ask(path, method="POST", body=encoded, **{"Content_Type": FORM, **headers})
