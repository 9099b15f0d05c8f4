"""What the provider says of itself, its keys, and its token endpoint."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from django.utils.translation import gettext as _
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from core.kernel.errors import Refused, Unavailable
from core.people.sso.breaker import Breaker
from core.people.sso.claims import LEVELS
from core.people.sso.client_key import assertion
from core.people.sso.door import Door, unreachable
from core.people.sso.sites import GROUPS, PROOF

# To be reached, and to answer: seconds for whoever signs in or out, and for a page that only asks in passing.
TIMES, PASSING_TIMES = (2.0, 5.0), (1.0, 2.0)
# Requests of one process that may wait for a provider at once: its other threads stay for who reads and votes.
MOST_WAITING = 5
# A provider that changes its endpoints is believed after this long.
KEPT_SECONDS = 3600.0
# A browser is sent away only when the provider has answered within so long.
THERE_SECONDS = 5.0
# Of more groups than this nothing is read, and a longer name is on nobody's list.
MOST_GROUPS, LONGEST_GROUP = 200, 120
DISCOVERY = "/.well-known/openid-configuration"
# … and for so long while it does not answer at all.
STALE_SECONDS = 86400.0
# Whoever sends tokens with made-up key names must not make us ask the provider each time.
KEYS_PAUSE_SECONDS = 30.0

_passing: ContextVar[bool] = ContextVar("passing", default=False)


@contextmanager
def in_passing() -> Iterator[None]:
    """Inside, the provider is given little time: somebody waits for a page that has nothing to do with signing in."""
    before = _passing.set(True)
    try:
        yield
    finally:
        _passing.reset(before)


def _times() -> tuple[float, float]:
    return PASSING_TIMES if _passing.get() else TIMES


@dataclass(frozen=True, slots=True)
class Asked:
    """What a sign-in asks of the provider beyond who somebody is.

    `level` and `within` (seconds) are checked in the answer, `wished` is a level that is asked for and not insisted on
    here; `silent` wants no page shown at all, `fresh` wants the person asked even where a session stands; `language` is
    that of our page, `hint` the provider behind the provider. On a `shared` computer the provider's own session ends
    as soon as it has said who somebody is; `keep` remembers this browser for silent sign-ins later. `proof` asks what a
    national provider behind this one has told, `groups` in which groups the council's own has named an officer.
    """

    level: int = 0
    wished: int = 0
    within: int | None = None
    silent: bool = False
    fresh: bool = False
    language: str = ""
    hint: str = ""
    shared: bool = False
    keep: bool = False
    proof: bool = False
    groups: bool = False

    def words(self) -> dict[str, str]:
        """As parameters of the authorization request."""
        said: dict[str, str] = {}
        asked = max(self.level, self.wished)
        if asked:
            name = next(name for name, level in LEVELS.items() if level == asked)
            # Essential: the provider must reach this level or say that it did not.
            essential = {"essential": True} if self.level else {}
            said["claims"] = json.dumps({"id_token": {"acr": {**essential, "values": [name]}}})
        # A second proof alone is fresh by the provider's own rule; the first is asked again only where it has to be.
        if self.within is not None and (self.fresh or asked < 2):
            said["max_age"] = str(self.within)
        if self.silent or self.fresh:
            said["prompt"] = "none" if self.silent else "login"
        if self.language:
            said["ui_locales"] = self.language
        if self.hint:
            said["kc_idp_hint"] = self.hint
        return said


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the token endpoint gives: who somebody is, and with what to ask again whether they still are signed in."""

    identity: str
    renewal: str = ""
    access: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The part of the provider's published description that we use. `end` is empty where it offers no sign-out."""

    issuer: str
    authorization: str
    token: str
    keys: str
    end: str = ""
    facts: str = ""


class Provider:
    """One issuer. Kept per process; holds nothing of any person or tenant."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self._endpoints: Endpoints | None = None
        self._endpoints_at = 0.0
        self._keys: KeySet | None = None
        self._keys_at = 0.0
        self._keys_life = KEPT_SECONDS
        self._breaker_signing_in, self._breaker_passing = Breaker(), Breaker()
        self._answered_at = 0.0
        self._places = threading.BoundedSemaphore(MOST_WAITING)

    @property
    def _breaker(self) -> Breaker:
        """One for each patience: a provider too slow for a page in passing may still be quick enough for a sign-in."""
        return self._breaker_passing if _passing.get() else self._breaker_signing_in

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Around one request: refused at once while the provider is known not to answer or too many wait for it."""
        if not self._places.acquire(blocking=False):
            raise unreachable()
        try:
            if self._breaker.refuses():
                raise unreachable()
            yield
        finally:
            self._places.release()

    def _sent(self, method: str, url: str, **words: Any) -> requests.Response:
        """One request to the provider. Raises Unavailable."""
        with self._asking():
            try:
                answer = requests.request(method, url, timeout=_times(), allow_redirects=False, **words)
            except requests.RequestException as error:
                self._breaker.failed()
                raise unreachable() from error
        if answer.status_code >= 500:
            self._breaker.failed()
            raise unreachable()
        self._answered()
        return answer

    def _answered(self) -> None:
        self._breaker.answered()
        self._answered_at = time.monotonic()

    def there(self) -> None:
        """Nobody is sent where nobody answers: ask, unless it has answered a moment ago. Raises Unavailable."""
        if time.monotonic() - self._answered_at > THERE_SECONDS:
            self._sent("GET", self.issuer.rstrip("/") + DISCOVERY)

    def _get(self, url: str) -> tuple[dict[str, Any], requests.Response]:
        answer = self._sent("GET", url)
        try:
            document = answer.json()
        except ValueError as error:
            raise unreachable() from error
        if answer.status_code != 200 or not isinstance(document, dict):
            raise unreachable()
        return document, answer

    def endpoints(self) -> Endpoints:
        """From discovery. Raises Unavailable, also where the description speaks for another issuer.

        While the provider does not answer, what it said before still holds for a day.
        """
        now = time.monotonic()
        if self._endpoints is None or now - self._endpoints_at > KEPT_SECONDS:
            try:
                found, _answer = self._get(self.issuer.rstrip("/") + DISCOVERY)
            except Unavailable:
                if self._endpoints is None or now - self._endpoints_at > STALE_SECONDS:
                    raise
                return self._endpoints
            names = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
            if any(not isinstance(found.get(name), str) for name in names) or found["issuer"] != self.issuer:
                raise unreachable()
            end, facts = found.get("end_session_endpoint"), found.get("userinfo_endpoint")
            self._endpoints = Endpoints(
                issuer=found["issuer"],
                authorization=found["authorization_endpoint"],
                token=found["token_endpoint"],
                keys=found["jwks_uri"],
                end=end if isinstance(end, str) else "",
                facts=facts if isinstance(facts, str) else "",
            )
            self._endpoints_at = now
        return self._endpoints

    def keys(self, *, fresh: bool = False) -> KeySet:
        """The provider's keys, for as long as it says; `fresh` asks again, though not more often than every 30 seconds.

        While it does not answer they hold for a day: what was signed with them stays signed.
        """
        now = time.monotonic()
        age = now - self._keys_at
        if self._keys is None or age > self._keys_life or (fresh and age > KEYS_PAUSE_SECONDS):
            try:
                document, answer = self._get(self.endpoints().keys)
            except Unavailable:
                if self._keys is None or fresh or age > STALE_SECONDS:
                    raise
                return self._keys
            try:
                self._keys = KeySet.import_key_set(document)  # type: ignore[arg-type]  # checked by the import
            except (JoseError, ValueError, KeyError, TypeError) as error:
                raise unreachable() from error
            self._keys_at, self._keys_life = now, _life(answer.headers.get("Cache-Control", ""))
        return self._keys

    def away(self, door: Door, *, redirect: str, state: str, nonce: str, verifier: str, asked: Asked) -> str:
        """The address to send a browser to. Raises Unavailable where nobody would answer there."""
        self.there()
        more = {PROOF: asked.proof and bool(door.keys), GROUPS: asked.groups and door.groups}
        scope = " ".join([door.scope, *(name for name, wanted in more.items() if wanted)])
        session = OAuth2Session(door.client, redirect_uri=redirect, scope=scope, code_challenge_method="S256")
        words = {"kc_idp_hint": door.home} if door.home else {}
        url, _state = session.create_authorization_url(
            self.endpoints().authorization, state=state, nonce=nonce, code_verifier=verifier, **words | asked.words()
        )
        return str(url)

    def end(self, door: Door, *, token: str, back: str) -> str:
        """The address at which the provider ends its own session and sends the browser back to `back`."""
        if token:
            self.there()
        address = self.endpoints().end
        words = {"id_token_hint": token, "client_id": door.client, "post_logout_redirect_uri": back}
        return f"{address}?{urlencode(words)}" if address and token else ""

    def tokens(self, door: Door, *, redirect: str, code: str, verifier: str) -> Tokens:
        """Exchange a code. Raises Refused when the provider does not accept it."""
        words = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
        try:
            return self._asked(door, words, redirect=redirect)
        except AuthlibBaseError as error:
            raise _refused() from error

    def renewed(self, door: Door, renewal: str) -> Tokens:
        """Ask whether a sign-in still stands. Raises Refused when it does not, Unavailable when nobody answers."""
        try:
            return self._asked(door, {"grant_type": "refresh_token", "refresh_token": renewal})
        except AuthlibBaseError as error:
            # Only this word says that the sign-in is over; anything else says something about us.
            raise (_refused() if error.error == "invalid_grant" else unreachable()) from error

    def told(self, access: str, *, subject: str) -> dict[str, str]:
        """What a national provider behind this one has told of somebody; empty where nobody told anything.

        Raises Unavailable, and Refused where the answer is about somebody else.
        """
        facts = self._facts(access, subject=subject).get("proof")
        return {str(name): str(value)[:255] for name, value in facts.items()} if isinstance(facts, dict) else {}

    def groups(self, access: str, *, subject: str) -> tuple[str, ...]:
        """The groups in which the council's own provider has named somebody.

        Raises Unavailable, also where these are more than MOST_GROUPS; Refused where the answer is about somebody else.
        """
        facts = self._facts(access, subject=subject)
        found = facts.get("groups", [])
        if not facts or not isinstance(found, list) or len(found) > MOST_GROUPS:
            raise unreachable()
        return tuple(one for one in found if isinstance(one, str) and len(one) <= LONGEST_GROUP)

    def _facts(self, access: str, *, subject: str) -> dict[str, Any]:
        """What the provider says of somebody when it is asked and puts into no token; empty where it is never asked."""
        address = self.endpoints().facts
        if not (address and access):
            return {}
        try:
            shown = {"Authorization": f"Bearer {access}"}
            answer = self._sent("GET", address, headers=shown)
            document = answer.json() if answer.status_code == 200 else None
        except ValueError as error:
            raise unreachable() from error
        if not isinstance(document, dict):
            raise unreachable()
        if document.get("sub") != subject:
            raise _refused()
        return document

    def end_now(self, door: Door, renewal: str) -> None:
        """End the provider's own session at once, without the browser. Raises Unavailable when it did not."""
        address = self.endpoints().end
        if not (address and renewal):
            return
        for shown in _shown(door):
            words = {"client_id": door.client, "refresh_token": renewal, **shown}
            answer = self._sent("POST", address, data=words)
            if answer.status_code in (200, 204):
                return
        raise unreachable()

    def _asked(self, door: Door, words: dict[str, str], *, redirect: str = "") -> Tokens:
        ways = _shown(door)
        for number, shown in enumerate(ways, start=1):
            try:
                return self._exchange(door, {**words, **shown}, redirect=redirect)
            except AuthlibBaseError as error:
                # After the service's secret was exchanged the provider may still know the earlier key only.
                if number < len(ways) and error.error in ("invalid_client", "unauthorized_client"):
                    continue
                raise
        raise unreachable()

    def _exchange(self, door: Door, words: dict[str, str], *, redirect: str) -> Tokens:
        session = OAuth2Session(
            door.client,
            door.secret or None,
            redirect_uri=redirect or None,
            scope=door.scope,
            token_endpoint_auth_method="none" if door.keys else "client_secret_basic",
        )
        address = self.endpoints().token
        try:
            with self._asking():
                answer = session.fetch_token(address, timeout=_times(), **words)
        except (requests.RequestException, ValueError) as error:
            self._breaker.failed()
            raise unreachable() from error
        finally:
            session.close()
        self._answered()
        given = [str(answer.get(name) or "") for name in ("id_token", "refresh_token", "access_token")]
        return Tokens(*given)


def _life(said: str) -> float:
    """How long keys may be kept, by the answer's Cache-Control: what it states, within a minute and a day."""
    found = re.search(r"max-age=(\d{1,9})", said)
    return min(max(float(found[1]), 60.0), STALE_SECONDS) if found else KEPT_SECONDS


def _refused() -> Refused:
    return Refused(
        _("The sign-in service did not confirm this sign-in."),
        code="sign_in.code_refused",
        remedy=_("Start again from the page you came from."),
    )


def _shown(door: Door) -> list[dict[str, str]]:
    """How our client shows who it is, the newest key first; without keys its secret does."""
    return [assertion(key, client=door.client, audience=door.issuer) for key in door.keys] or [{}]


@lru_cache(maxsize=4)
def provider(issuer: str) -> Provider:
    return Provider(issuer)
