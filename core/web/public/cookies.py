"""Cookies that belong to one round: sealed for this tenant, for this host only, out of reach of any script."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from uuid import UUID

from django.conf import settings
from django.http import HttpResponseBase


@lru_cache(maxsize=1024)
def cookie_name(what: str, round_id: UUID) -> str:
    """The name carries the round, so that rounds do not push each other out; in the demo also the port."""
    name = f"{what}-{round_id.hex[:12]}"
    return f"__Host-{name}" if settings.SESSION_COOKIE_SECURE else f"{name}-{settings.ENV.port}"


def cookie_line(what: str, round_id: UUID, token: str, *, life: timedelta | None = None) -> str:
    """The words of a `Set-Cookie` header. Without a life the cookie ends with the browser."""
    age = "" if life is None else f"; Max-Age={int(life.total_seconds())}"
    secure = "; Secure" if settings.SESSION_COOKIE_SECURE else ""
    return f"{cookie_name(what, round_id)}={token}{age}; Path=/; HttpOnly; SameSite=Lax{secure}"


def cookie_end(what: str, round_id: UUID) -> str:
    """The same, for a cookie that is to go."""
    return cookie_line(what, round_id, "", life=timedelta(0))


def cookie_give(response: HttpResponseBase, line: str) -> None:
    """Put a cookie's line onto one of Django's answers."""
    response.cookies.load(line)
