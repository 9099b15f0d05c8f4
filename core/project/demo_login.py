"""The demo's sign-in service: an embedded OpenID provider on a loopback port that offers marked demo people.

Run as `python -m core.project.demo_login --port N`. It answers this machine only, sends browsers back to the demo's
own hosts only, and knows no password: whoever reaches it may be anybody in the demo. Never part of production.
"""

from __future__ import annotations

import argparse
import os
import re
from typing import Any
from urllib.parse import urlsplit

import flask
import oidc_provider_mock
from werkzeug.serving import WSGIRequestHandler, make_server

from core.kernel.env import environment
from core.kernel.errors import Refused

CLIENT = re.compile(r"^commonty-([a-z][a-z0-9-]*?)(-staff)?$")
# What the provider's library offers to tests of other software; here it would let anybody change the demo people.
CLOSED = ("/users", "/oauth2/clients")


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: addresses hold codes."""


def _slug(client: str) -> str:
    found = CLIENT.match(client)
    return found.group(1) if found else ""


def _own_address(address: str, slug: str) -> bool:
    """Whether a return address is the call-back of the community the client stands for."""
    parts = urlsplit(address)
    base = environment().base_domain
    hosts = (f"{slug}.{base}", f"{slug}.staff.{base}")
    plain = parts.scheme == "http" and parts.username is None and not parts.query and not parts.fragment
    return plain and parts.hostname in hosts and parts.path == "/sign-in/callback/"


def application(communities: dict[str, str]) -> flask.Flask:
    """The provider for these communities (name by slug)."""
    from core.project.demo_people import people_of

    people = {one.subject: one for slug, name in communities.items() for one in people_of(slug, name)}
    app = flask.Flask(__name__, template_folder="templates/demo_login")
    plain = app.wsgi_app
    oidc_provider_mock.init_app(
        app,
        require_nonce=True,
        issue_refresh_token=False,
        user_claims=[oidc_provider_mock.User(sub=one.subject, claims=one.claims()) for one in people.values()],
    )
    # The library turns on a debugger that runs whatever is typed into it.
    app.debug = False
    app.wsgi_app = plain  # type: ignore[method-assign]  # Flask's documented place for it

    @app.before_request
    def guard() -> None:
        path = flask.request.path
        if path.startswith(CLOSED):
            flask.abort(404)
        if path == "/oauth2/authorize":
            slug = _slug(flask.request.args.get("client_id", ""))
            if slug not in communities or not _own_address(flask.request.args.get("redirect_uri", ""), slug):
                flask.abort(400)
            allowed = {one.subject for one in people_of(slug, communities[slug])} | _strangers(people, slug)
            chosen = flask.request.form.get("sub")
            if flask.request.method == "POST" and flask.request.form.get("action") != "deny" and chosen not in allowed:
                flask.abort(400)

    @app.context_processor
    def offered() -> dict[str, Any]:
        slug = _slug(flask.request.args.get("client_id", ""))
        name = communities.get(slug, "")
        return {"people": people_of(slug, name) if name else (), "community": name}

    return app


def _strangers(people: dict[str, Any], slug: str) -> set[str]:
    """Officers of other communities may sign in here too; they are nobody special then."""
    return {subject for subject in people if subject.startswith("demo-officer-")}


def run(port: int, communities: dict[str, str] | None = None) -> None:
    """Serve until stopped. Raises Refused in production."""
    if environment().env == "production":
        raise Refused("The demo's sign-in does not run in production.", code="demo.production")
    from core.places.national import councils

    known = communities or {council.slug: council.name.en for council in councils()}
    known.setdefault("hub", "Community Choices Scotland")
    # The library asks for https; this is a loopback address.
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
    server = make_server("127.0.0.1", port, application(known), threaded=True, request_handler=_Quiet)
    server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description="The demo's sign-in service.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--community", action="append", default=[], help="slug=Name; all councils where none is given")
    words = parser.parse_args()
    from core.project.cli import setup_django

    setup_django()
    run(words.port, dict(item.split("=", 1) for item in words.community) or None)


if __name__ == "__main__":
    main()
