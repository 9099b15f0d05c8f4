"""One sign-in from leaving to coming back, bound to the tenant, the host and the browser that began it."""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from django.core.cache import cache
from django.utils.translation import gettext as _

from core.kernel.crypto import digest, token_open, token_seal
from core.kernel.errors import Invalid, Refused, Unavailable
from core.people.sso.claims import Identity, home_check, identity_of, proof_check, strange_domain
from core.people.sso.door import door_of, levels_stated, unreachable
from core.people.sso.provider import Asked, Provider, Tokens, in_passing, provider
from core.people.sso.sites import CALLBACK
from tenants.registry.hosts import Site, origin

PURPOSE = "sign-in"
LIFE = timedelta(minutes=10)
# A provider's session may have ended or an account been closed: by this we know after so many seconds at most.
RENEW_SECONDS = {"staff": 60, "public": 300}

__all__ = [
    "RENEW_SECONDS",
    "Asked",
    "Attempt",
    "Begun",
    "begin",
    "finish",
    "national_session_end",
    "note_open",
    "renewed",
    "signed_out_address",
]


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the browser, and the sealed note it keeps meanwhile."""

    url: str
    state: str
    note: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in that came back good. `token` is what the provider wants to see again when the person signs out.

    `home` is the council's own provider that brought an officer; `strange_domain` that of an address it stated which is
    not of that council. `told` is what a national provider said, to be reduced at once. `renewal` asks later whether
    the sign-in still stands; `shared` and `keep` are what was asked when it began. `groups` are those in which the
    council's own provider has named an officer; None where it was not asked or did not say.
    """

    identity: Identity
    next: str
    token: str
    renewal: str = ""
    shared: bool = False
    keep: bool = False
    home: str = ""
    strange_domain: str = ""
    told: Mapping[str, str] = field(default_factory=dict, repr=False)
    groups: tuple[str, ...] | None = field(default=None, repr=False)


def begin(site: Site, *, next_path: str, asked: Asked | None = None) -> Begun:
    """Begin at this host. Raises Unavailable when the provider does not answer."""
    asked = asked or Asked()
    door = door_of(site)
    state, nonce, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48)
    url = provider(door.issuer).away(
        door, redirect=origin(site.host) + CALLBACK, state=state, nonce=nonce, verifier=verifier, asked=asked
    )
    note = {
        "state": state,
        "nonce": nonce,
        "verifier": verifier,
        "next": next_path,
        "host": site.host,
        "issuer": door.issuer,
        "level": asked.level,
        "within": asked.within,
        "silent": asked.silent,
        "shared": asked.shared,
        "keep": asked.keep,
        "proof": asked.proof,
        "groups": asked.groups and door.groups,
        "since": int(time.time()) if asked.fresh else 0,
    }
    return Begun(url=url, state=state, note=token_seal(PURPOSE, site.tenant.uuid, note, ttl=LIFE))


def note_open(site: Site, *, note: str, state: str) -> dict[str, object]:
    """The note of the sign-in that this browser began here. Raises Refused when it did not."""
    try:
        kept = token_open(PURPOSE, site.tenant.uuid, note)
    except Invalid as error:
        raise _not_ours("expired" if error.code == "token.expired" else "state") from error
    if not hmac.compare_digest(str(kept["state"]).encode(), state.encode()) or kept["host"] != site.host:
        raise _not_ours("state")
    return kept


def finish(site: Site, *, note: str, state: str, code: str, issuer: str = "") -> Attempt:
    """Take a browser back. Raises Refused or Invalid when it is not the one that began here, or the second time."""
    kept = note_open(site, note=note, state=state)
    if not cache.add(f"sign-in/{digest(state.encode())}", 1, timeout=int(LIFE.total_seconds())):
        raise _not_ours("replayed")
    door = door_of(site)
    # Whoever answers must be whom we asked, both by its own word and by what we noted (mix-up, RFC 9207).
    if kept["issuer"] != door.issuer or (issuer and issuer != door.issuer):
        raise _not_ours("issuer")
    source = provider(door.issuer)
    tokens = source.tokens(door, redirect=origin(site.host) + CALLBACK, code=code, verifier=str(kept["verifier"]))
    identity = identity_of(
        tokens.identity,
        keys=lambda fresh: source.keys(fresh=fresh),
        issuer=door.issuer,
        client=door.client,
        nonce=str(kept["nonce"]),
    )
    home_check(identity, tenant=str(site.tenant.uuid), provider=door.home)
    within = kept["within"]
    proof_check(
        identity,
        level=int(str(kept["level"])),
        within=within if isinstance(within, int) else None,
        # The demo's provider never says when; one that should say so and does not has not shown it.
        since=int(str(kept["since"])) if levels_stated() or identity.proved_at else 0,
    )
    return Attempt(
        identity=identity,
        next=str(kept["next"]),
        token=tokens.identity,
        renewal=tokens.renewal,
        shared=bool(kept["shared"]),
        keep=bool(kept["keep"]),
        home=door.home,
        strange_domain=strange_domain(identity, door.home_domains),
        told=source.told(tokens.access, subject=identity.subject) if kept["proof"] else {},
        groups=_groups(source, tokens, subject=identity.subject) if kept.get("groups") else None,
    )


def _groups(source: Provider, tokens: Tokens, *, subject: str) -> tuple[str, ...] | None:
    """Groups only propose: whoever cannot be asked about them signs in all the same."""
    try:
        return source.groups(tokens.access, subject=subject)
    except Unavailable:
        return None


def renewed(site: Site, *, renewal: str, subjects: Collection[str]) -> str:
    """Ask the provider whether a sign-in still stands; what to ask with the next time. `subjects` are the person's.

    Raises Refused when it does not stand or is somebody else's, Unavailable when nobody answers within moments.
    """
    door = door_of(site)
    source = provider(door.issuer)
    with in_passing():
        tokens = source.renewed(door, renewal)
        identity = identity_of(
            tokens.identity,
            keys=lambda fresh: source.keys(fresh=fresh),
            issuer=door.issuer,
            client=door.client,
            nonce=None,
        )
    if identity.subject not in subjects:
        raise _not_ours("subject")
    return tokens.renewal


def national_session_end(site: Site, *, renewal: str) -> None:
    """End the provider's own session at once, as on a shared computer. Raises Unavailable when it did not end."""
    door = door_of(site)
    if door.keys and not renewal:
        # A provider that keeps a session and gives us no hold on it would leave it to the next person here.
        raise unreachable()
    provider(door.issuer).end_now(door, renewal)


def signed_out_address(site: Site, *, token: str, back: str) -> str:
    """Where the browser goes so that the provider's own session ends too; empty where there is no such place.

    `back`, one of `sites.SIGNED_OUT`, is where it comes to afterwards.
    """
    door = door_of(site)
    return provider(door.issuer).end(door, token=token, back=origin(site.host) + back)


def _not_ours(what: str) -> Refused:
    return Refused(
        _("This sign-in was not begun in this browser, or it has already been used or has expired."),
        code=f"sign_in.{what}",
        remedy=_("Start again from the page you came from."),
    )
