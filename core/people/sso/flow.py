"""One sign-in from leaving to coming back, bound to the tenant, the host and the browser that began it."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.core.cache import cache
from django.utils.translation import gettext as _

from core.kernel.crypto import digest, token_open, token_seal
from core.kernel.env import environment
from core.kernel.errors import Invalid, Refused
from core.people.sso.claims import Identity, identity_of
from core.people.sso.provider import provider, unreachable
from tenants.registry.hosts import Site, origin

CALLBACK = "/sign-in/callback/"
PURPOSE = "sign-in"
LIFE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the browser, and the sealed note it keeps meanwhile."""

    url: str
    state: str
    note: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in that came back good."""

    identity: Identity
    next: str


def client_of(site: Site) -> str:
    """The client of a tenant's host: one each, so that a token for one is worth nothing at another."""
    return f"commonty-{site.tenant.slug}" + ("-staff" if site.purpose == "staff" else "")


def _issuer() -> str:
    issuer = environment().oidc_issuer
    if not issuer:
        raise unreachable()
    return issuer


def begin(site: Site, *, next_path: str) -> Begun:
    """Begin at this host. Raises Unavailable when the provider does not answer."""
    state, nonce, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48)
    url = provider(_issuer()).away(
        client=client_of(site), redirect=origin(site.host) + CALLBACK, state=state, nonce=nonce, verifier=verifier
    )
    note = {"state": state, "nonce": nonce, "verifier": verifier, "next": next_path, "host": site.host}
    return Begun(url=url, state=state, note=token_seal(PURPOSE, site.tenant.uuid, note, ttl=LIFE))


def finish(site: Site, *, note: str, state: str, code: str, issuer: str = "") -> Attempt:
    """Take a browser back. Raises Refused or Invalid when it is not the one that began here, or the second time."""
    try:
        kept = token_open(PURPOSE, site.tenant.uuid, note)
    except Invalid as error:
        raise _not_ours("expired" if error.code == "token.expired" else "state") from error
    if not hmac.compare_digest(str(kept["state"]).encode(), state.encode()) or kept["host"] != site.host:
        raise _not_ours("state")
    if not cache.add(f"sign-in/{digest(state.encode())}", 1, timeout=int(LIFE.total_seconds())):
        raise _not_ours("replayed")
    expected = _issuer()
    if issuer and issuer != expected:
        raise _not_ours("issuer")
    source = provider(expected)
    token = source.id_token(
        client=client_of(site), redirect=origin(site.host) + CALLBACK, code=code, verifier=kept["verifier"]
    )
    identity = identity_of(
        token,
        keys=lambda fresh: source.keys(fresh=fresh),
        issuer=expected,
        client=client_of(site),
        nonce=kept["nonce"],
    )
    return Attempt(identity=identity, next=kept["next"])


def _not_ours(what: str) -> Refused:
    return Refused(
        _("This sign-in was not begun in this browser, or it has already been used or has expired."),
        code=f"sign_in.{what}",
        remedy=_("Start again from the page you came from."),
    )
