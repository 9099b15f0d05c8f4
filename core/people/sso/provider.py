"""What the provider says of itself, its keys, and its token endpoint."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from django.utils.translation import gettext as _
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from core.kernel.env import environment
from core.kernel.errors import Refused, Unavailable

SECONDS = 5
# A provider that changes its endpoints is believed after this long.
KEPT_SECONDS = 3600.0
# Whoever sends tokens with made-up key names must not make us ask the provider each time.
KEYS_PAUSE_SECONDS = 30.0
SCOPE = "openid profile email"


def unreachable() -> Unavailable:
    return Unavailable(
        _("The sign-in service does not answer."),
        code="sign_in.unreachable",
        remedy=_("Wait a few minutes and try again. Every page can be read without signing in."),
    )


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The part of the provider's published description that we use."""

    issuer: str
    authorization: str
    token: str
    keys: str


class Provider:
    """One issuer. Kept per process; holds nothing of any person or tenant."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self._endpoints: Endpoints | None = None
        self._endpoints_at = 0.0
        self._keys: KeySet | None = None
        self._keys_at = 0.0

    def _get(self, url: str) -> dict[str, Any]:
        try:
            answer = requests.get(url, timeout=SECONDS, allow_redirects=False)
            answer.raise_for_status()
            document = answer.json()
        except (requests.RequestException, ValueError) as error:
            raise unreachable() from error
        if answer.status_code != 200 or not isinstance(document, dict):
            raise unreachable()
        return document

    def endpoints(self) -> Endpoints:
        """From discovery. Raises Unavailable, also where the description speaks for another issuer."""
        now = time.monotonic()
        if self._endpoints is None or now - self._endpoints_at > KEPT_SECONDS:
            found = self._get(self.issuer.rstrip("/") + "/.well-known/openid-configuration")
            names = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
            if any(not isinstance(found.get(name), str) for name in names) or found["issuer"] != self.issuer:
                raise unreachable()
            self._endpoints = Endpoints(*(found[name] for name in names))
            self._endpoints_at = now
        return self._endpoints

    def keys(self, *, fresh: bool = False) -> KeySet:
        """The provider's keys; `fresh` asks again, though not more often than every 30 seconds."""
        now = time.monotonic()
        if self._keys is None or (fresh and now - self._keys_at > KEYS_PAUSE_SECONDS):
            document = self._get(self.endpoints().keys)
            try:
                self._keys = KeySet.import_key_set(document)  # type: ignore[arg-type]  # checked by the import
            except (JoseError, ValueError, KeyError, TypeError) as error:
                raise unreachable() from error
            self._keys_at = now
        return self._keys

    def away(self, *, client: str, redirect: str, state: str, nonce: str, verifier: str) -> str:
        """The address to send a browser to."""
        session = OAuth2Session(client, redirect_uri=redirect, scope=SCOPE, code_challenge_method="S256")
        url, _state = session.create_authorization_url(
            self.endpoints().authorization, state=state, nonce=nonce, code_verifier=verifier
        )
        return str(url)

    def id_token(self, *, client: str, redirect: str, code: str, verifier: str) -> str:
        """Exchange a code for the ID token. Raises Refused when the provider does not accept the code."""
        session = OAuth2Session(
            client,
            environment().oidc_client_secret,
            redirect_uri=redirect,
            scope=SCOPE,
            token_endpoint_auth_method="client_secret_basic",  # noqa: S106  # the name of a method
        )
        try:
            answer = session.fetch_token(
                self.endpoints().token,
                grant_type="authorization_code",
                code=code,
                code_verifier=verifier,
                timeout=SECONDS,
            )
        except AuthlibBaseError as error:
            raise Refused(
                _("The sign-in service did not confirm this sign-in."),
                code="sign_in.code_refused",
                remedy=_("Start again from the page you came from."),
            ) from error
        except (requests.RequestException, ValueError) as error:
            raise unreachable() from error
        finally:
            session.close()
        return str(answer.get("id_token") or "")


@lru_cache(maxsize=4)
def provider(issuer: str) -> Provider:
    return Provider(issuer)
