"""Logout tokens (OpenID Connect Back-Channel Logout 1.0): the provider tells a tenant that somebody has signed out.

The provider's own name for a session is one string at every tenant and would tie a resident's visits together, so it
is never stored: a session keeps a mark of it, made with the tenant's own key.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.cache import cache
from joserfc.errors import JoseError

from core.kernel.crypto import derive_all, digest, mac
from core.kernel.errors import Invalid
from core.people.sso.claims import LEEWAY_SECONDS, Keys, decoded
from core.people.sso.door import door_of
from core.people.sso.provider import provider
from tenants.registry.hosts import Site

EVENT = "http://schemas.openid.net/event/backchannel-logout"
PURPOSE = "sign-in/provider-session"
OLDEST_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Ended:
    """Whose sessions end: those with one of these marks, or, where the provider names none, all of this subject's."""

    issuer: str
    subject: str
    marks: tuple[str, ...]


def session_mark(tenant: UUID, issuer: str, session: str) -> str:
    """What a session keeps of the provider's session; nothing where the provider has not named one."""
    return mac(PURPOSE, tenant, f"{issuer} {session}".encode()).hex() if session else ""


def _marks(tenant: UUID, issuer: str, session: str) -> tuple[str, ...]:
    """The mark by today's key and by earlier ones: a session may be older than the newest secret."""
    said = f"{issuer} {session}".encode()
    return tuple(hmac.digest(key, said, "sha256").hex() for key in derive_all(PURPOSE, tenant)) if session else ()


def _bad(what: str) -> Invalid:
    return Invalid("This is not a logout token for us.", code=f"logout.{what}")


def ended_by(site: Site, token: str) -> Ended:
    """What a logout token says, once everything about it has been checked. Raises Invalid, or Unavailable.

    A token is good once: the same one again is refused.
    """
    door = door_of(site)
    source = provider(door.issuer)
    claims = claims_checked(token, keys=lambda fresh: source.keys(fresh=fresh), issuer=door.issuer, client=door.client)
    if not cache.add(f"logout/{digest(str(claims['jti']).encode())}", 1, timeout=2 * OLDEST_SECONDS):
        raise _bad("replayed")
    session = str(claims.get("sid") or "")
    return Ended(door.issuer, str(claims.get("sub") or ""), _marks(site.tenant.uuid, door.issuer, session))


def claims_checked(
    token: str, *, keys: Keys, issuer: str, client: str, now: Callable[[], float] = time.time
) -> dict[str, Any]:
    """The claims of a good logout token. Raises Invalid with a code that names the check which failed."""
    moment = now()
    try:
        claims = decoded(token, keys)
    except (JoseError, ValueError) as error:
        raise _bad("signature") from error
    if claims.get("iss") != issuer:
        raise _bad("issuer")
    if claims.get("aud") not in (client, [client]):
        raise _bad("audience")
    issued, expires = claims.get("iat"), claims.get("exp", moment)
    if not isinstance(issued, int | float) or not moment - OLDEST_SECONDS < issued <= moment + LEEWAY_SECONDS:
        raise _bad("issued")
    if not isinstance(expires, int | float) or expires + LEEWAY_SECONDS < moment:
        raise _bad("expired")
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):
        raise _bad("event")
    # An ID token must never pass for one of these.
    if "nonce" in claims:
        raise _bad("nonce")
    if not isinstance(claims.get("jti"), str) or not claims["jti"]:
        raise _bad("jti")
    if not claims.get("sid") and not claims.get("sub"):
        raise _bad("nobody")
    return claims
