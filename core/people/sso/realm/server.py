"""The admin API of a Keycloak, as far as we use it: one place that knows python-keycloak and its errors."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import requests
from keycloak import KeycloakAdmin, KeycloakOpenIDConnection
from keycloak.exceptions import KeycloakAuthenticationError, KeycloakConnectionError, KeycloakError

from core.kernel.errors import CommontyError, Refused, Unavailable

SECONDS = 30
PAGE = 500
# The first minor release with everything that the realm files name.
OLDEST = (26, 7)


class Conflict(CommontyError):
    """Somebody else made the same thing a moment ago; reading again shows it."""


def unreachable(url: str) -> Unavailable:
    return Unavailable(
        f"Keycloak does not answer at {url}.",
        code="keycloak.unreachable",
        remedy="Check COMMONTY_KEYCLOAK_URL and that the server runs; nothing was left half-written that a second"
        " run would not mend.",
    )


def _refused(detail: str) -> Refused:
    return Refused(
        f"Keycloak does not let us do this: {detail}.",
        code="keycloak.refused",
        remedy="Check COMMONTY_KEYCLOAK_ADMIN_CLIENT and its secret, and what that client may do.",
    )


class _Connection(KeycloakOpenIDConnection):
    """A connection whose token comes from us: a client that shows a key has no secret to give to the library."""

    def __init__(self, url: str, token: Callable[[], dict[str, Any]]) -> None:
        self._ask = token
        super().__init__(server_url=url, realm_name="master", timeout=SECONDS, pool_maxsize=2)

    def get_token(self) -> None:
        self.token = self._ask()

    def refresh_token(self) -> None:
        self.get_token()


class Server:
    """One Keycloak, and who we are there. `token` asks for an access token that is good in a realm.

    Threads have connections of their own, one for each realm.
    """

    def __init__(self, url: str, *, token: Callable[[str], dict[str, Any]]) -> None:
        self.url = url.rstrip("/")
        self._token = token
        self._kept = threading.local()

    def _connection(self, path: str) -> KeycloakOpenIDConnection:
        found: dict[str, _Connection] = self._kept.__dict__.setdefault("by_realm", {})
        parts = path.split("/")
        realm = parts[1] if parts[0] == "realms" and len(parts) > 1 else "master"
        if realm not in found:
            found[realm] = _Connection(self.url + "/", lambda: self._token(realm))
        return KeycloakAdmin(connection=found[realm]).connection

    def call(self, method: str, path: str, body: Any = None, *, missing: Any = ..., **query: Any) -> Any:
        """One request below `/admin/`; the JSON of the answer, or None where it has none.

        `missing` is what a 404 means where it means something. Raises Unavailable, Refused, Conflict.
        """
        address = "admin/" + path
        try:
            connection = self._connection(path)
            if method == "GET":
                answer = connection.raw_get(address, **query)
            elif method == "POST":
                answer = connection.raw_post(address, data=_json(body))
            elif method == "PUT":
                answer = connection.raw_put(address, data=_json(body))
            else:
                answer = connection.raw_delete(address, **({} if body is None else {"data": _json(body)}))
        except (KeycloakConnectionError, requests.RequestException) as error:
            raise unreachable(self.url) from error
        except KeycloakAuthenticationError as error:
            raise _refused("the credentials are not accepted") from error
        except KeycloakError as error:
            raise _refused("the request was not understood") from error
        return self._read(answer, method, path, missing)

    def _read(self, answer: requests.Response, method: str, path: str, missing: Any) -> Any:
        status = answer.status_code
        if status == 404 and missing is not ...:
            return missing
        if status == 409:
            raise Conflict("This exists already in Keycloak.", code="keycloak.conflict", remedy="Run it again.")
        if status in (502, 503, 504):
            raise unreachable(self.url)
        if status in (401, 403):
            raise _refused(f"{method} {path} was answered with {status}")
        if status >= 400:
            raise Refused(
                f"Keycloak answered {method} {path} with {status}: {_said(answer)}.",
                code="keycloak.answer",
                remedy="If it speaks of the sector address, our own site must be running where Keycloak can reach it.",
            )
        return answer.json() if answer.content and "json" in answer.headers.get("Content-Type", "") else None

    def pages(self, path: str, **query: Any) -> list[Any]:
        """Everything of a list that is given out in parts."""
        found: list[Any] = []
        while True:
            part = self.call("GET", path, first=len(found), max=PAGE, **query)
            found += part
            if len(part) < PAGE:
                return found

    def version_check(self) -> str:
        """The server's version. Raises Refused for one that is older than the realm files."""
        said = str(self.call("GET", "serverinfo").get("systemInfo", {}).get("version", ""))
        numbers = tuple(int(part) for part in said.split(".")[:2] if part.isdigit())
        if numbers < OLDEST:
            raise Refused(
                f"Keycloak is {said or 'of an unknown version'}; {'.'.join(map(str, OLDEST))} or newer is needed.",
                code="keycloak.version",
                remedy="Upgrade it first; nothing was changed.",
            )
        return said


def _json(body: Any) -> str:
    return "" if body is None else json.dumps(body)


def _said(answer: requests.Response) -> str:
    """Keycloak's own words, short and without the values we sent."""
    try:
        document = answer.json()
    except ValueError:
        return "no reason given"
    text = document.get("errorMessage") or document.get("error_description") or document.get("error") or ""
    return str(text)[:300]


def segment(text: str) -> str:
    """A name as one part of an address."""
    return quote(text, safe="")


def secret_token(url: str, client: str, secret: str) -> Callable[[str], dict[str, Any]]:
    """Tokens of the operator's client, which lives in the realm `master` and is good in every realm."""
    fields = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
    return lambda realm: token_ask(url, "master", fields)


def token_ask(url: str, realm: str, fields: dict[str, str]) -> dict[str, Any]:
    """An access token for a client of ours. Raises Unavailable or Refused."""
    address = f"{url.rstrip('/')}/realms/{segment(realm)}/protocol/openid-connect/token"
    try:
        answer = requests.post(address, data=fields, timeout=SECONDS, allow_redirects=False)
    except requests.RequestException as error:
        raise unreachable(url) from error
    if answer.status_code >= 500:
        raise unreachable(url)
    if answer.status_code != 200:
        raise _refused(f"a token for {fields.get('client_id', 'our client')} in realm {realm} was not given")
    document: dict[str, Any] = answer.json()
    return document
