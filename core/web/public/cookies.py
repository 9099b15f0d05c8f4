"""Cookies that belong to one round: sealed for this tenant, for this host only, out of reach of any script."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.http import HttpResponseBase


def cookie_name(what: str, round_id: UUID) -> str:
    """The name carries the round, so that rounds do not push each other out; in the demo also the port."""
    name = f"{what}-{round_id.hex[:12]}"
    return f"__Host-{name}" if settings.SESSION_COOKIE_SECURE else f"{name}-{settings.ENV.port}"


def cookie_give(
    response: HttpResponseBase, what: str, round_id: UUID, token: str, *, life: timedelta | None = None
) -> None:
    """Without a life it ends with the browser."""
    response.set_cookie(
        cookie_name(what, round_id),
        token,
        max_age=life,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def cookie_drop(response: HttpResponseBase, what: str, round_id: UUID) -> None:
    # Browsers obey the end of a `__Host-` cookie only when it is marked secure; Django marks it by its name.
    response.delete_cookie(cookie_name(what, round_id), samesite="Lax")
