"""Checks an ID token (OpenID Connect Core 3.1.3.7), stricter where the service can be: one audience, one issuer."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from core.kernel.errors import Refused

# Signatures by the provider's private key only: never `none`, never a shared secret.
ALGORITHMS = ["RS256", "PS256", "ES256"]
LEEWAY_SECONDS = 60
OLDEST_SECONDS = 600
# What no token of an honest provider comes near; a longer one is not even read.
MOST_CHARACTERS = 16_384
# How strongly somebody has shown who they are, as the realm files name it; what is not named is nothing.
LEVELS = {"one-factor": 1, "two-factors": 2}

Keys = Callable[[bool], KeySet]
"""`keys(fresh)` gives the provider's keys."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signed in, as this tenant's client may know them. `email` is empty unless the provider has verified it.

    `level` and `proved_at` (seconds since 1970 UTC, 0 where nobody says) are the provider's word on how strongly and
    when they showed it. `session` is the provider's own name for its session: never stored, see `session_mark`.
    `home` is the tenant whose own provider brought them; `asserted_domain` what stands behind the @ of an address that
    the provider states, verified or not.
    """

    issuer: str
    subject: str
    display_name: str
    email: str = ""
    level: int = 0
    proved_at: int = 0
    session: str = ""
    home: str = ""
    asserted_domain: str = ""


def _refused(what: str) -> Refused:
    return Refused(
        _("This sign-in could not be confirmed."),
        code=f"sign_in.{what}",
        remedy=_("Start again from the page you came from."),
    )


def decoded(token: str, keys: Keys) -> dict[str, Any]:
    """The claims of a token that the provider has signed. Raises JoseError or ValueError for any other."""
    if len(token) > MOST_CHARACTERS:
        raise ValueError("too long")
    try:
        return jwt.decode(token, keys(False), algorithms=ALGORITHMS).claims
    except InvalidKeyIdError:
        # The provider may have changed its keys since we asked.
        return jwt.decode(token, keys(True), algorithms=ALGORITHMS).claims


def identity_of(
    token: str, *, keys: Keys, issuer: str, client: str, nonce: str | None, now: float | None = None
) -> Identity:
    """The identity in a verified token. Raises Refused with a code that names the check which failed.

    `nonce` is None for a token that renews a sign-in: no browser brought it, so there is none to bind it to.
    `now` is in seconds since 1970 UTC.
    """
    moment = time.time() if now is None else now
    try:
        claims = decoded(token, keys)
    except (JoseError, ValueError) as error:
        raise _refused("signature") from error
    if claims.get("iss") != issuer:
        raise _refused("issuer")
    # A token made for several audiences would also be good elsewhere, so exactly ours is asked for.
    if claims.get("aud") not in (client, [client]):
        raise _refused("audience")
    if claims.get("azp", client) != client:
        raise _refused("party")
    expires, issued = claims.get("exp"), claims.get("iat")
    if not isinstance(expires, int | float) or expires + LEEWAY_SECONDS < moment:
        raise _refused("expired")
    if not isinstance(issued, int | float) or not moment - OLDEST_SECONDS < issued <= moment + LEEWAY_SECONDS:
        raise _refused("issued")
    if nonce is not None:
        said = str(claims.get("nonce") or "").encode()
        if not nonce or not hmac.compare_digest(said, nonce.encode()):
            raise _refused("nonce")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise _refused("subject")
    email = claims.get("email") if claims.get("email_verified") is True else ""
    if not isinstance(email, str) or len(email) > 254 or email.count("@") != 1:
        email = ""
    proved = claims.get("auth_time")
    return Identity(
        issuer=issuer,
        subject=subject,
        display_name=str(claims.get("name") or "")[:80],
        email=email,
        level=LEVELS.get(str(claims.get("acr")), 0),
        proved_at=int(proved) if isinstance(proved, int | float) and 0 < proved <= moment + LEEWAY_SECONDS else 0,
        session=str(claims.get("sid") or "")[:255],
        home=str(claims.get("home") or "")[:36],
        asserted_domain=str(claims.get("email") or "").rpartition("@")[2].lower()[:254],
    )


def home_check(identity: Identity, *, tenant: str, provider: str) -> None:
    """Whether an officer came through this council's own provider, where it has one. Raises Refused."""
    if provider and not hmac.compare_digest(identity.home.encode(), tenant.encode()):
        raise Refused(
            _("You signed in with an account that is not this council's."),
            code="sign_in.home",
            remedy=_("Sign out, then sign in again with the account that this council gave you."),
        )


def strange_domain(identity: Identity, domains: tuple[str, ...]) -> str:
    """What stands behind the @ of an officer's address where it is none of the council's `domains`; else empty."""
    said = identity.asserted_domain
    own = any(said == domain or said.endswith(f".{domain}") for domain in domains)
    return said if domains and not own else ""


def proof_check(
    identity: Identity, *, level: int, within: int | None, since: int = 0, now: float | None = None
) -> None:
    """Whether somebody has shown who they are as strongly and as lately as was asked, by the token's own word.

    `within` is in seconds; `since` is when the sign-in left, for one that had to be shown anew (seconds since 1970).
    Raises Refused saying what would be enough, and where it is to be had.
    """
    moment = time.time() if now is None else now
    if identity.level < level:
        raise Refused(
            _("You signed in, but not strongly enough for this."),
            code="sign_in.level",
            remedy=_(
                "Sign in again with a second proof: a six-figure code from an app on your phone. If you have none yet, "
                "the sign-in page shows you how to set one up."
            ),
        )
    if (within is not None and moment - identity.proved_at > within + LEEWAY_SECONDS) or (
        since and identity.proved_at < since - LEEWAY_SECONDS
    ):
        raise Refused(
            _("You showed who you are too long ago for this."),
            code="sign_in.stale",
            remedy=_("Sign in again."),
        )
