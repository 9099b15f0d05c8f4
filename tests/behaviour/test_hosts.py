"""Which host is answered, and as what. An unknown host learns nothing."""

from __future__ import annotations

import http.client
import importlib
import socket
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.kernel.env import environment
from tenants.registry.hosts import forget, host_name, site_for
from tests.behaviour.test_cast_races import granian


@pytest.fixture
def port(tenants: Any, server: int) -> int:
    return server


def raw(port: int, *lines: str, first: str = "GET / HTTP/1.1") -> bytes:
    """One request as bytes, so that a header can be missing, doubled or odd."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(("\r\n".join([first, *lines, "Connection: close", "", ""])).encode())
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def test_known_hosts_are_answered_and_all_others_alike(port: int) -> None:
    good = raw(port, f"Host: alpha.localhost:{port}")
    assert status(good) == 200
    assert b"Alpha Council" in good
    assert status(raw(port, f"Host: ALPHA.localhost:{port}")) == 200
    bodies = set()
    for header in (
        f"Host: nobody.localhost:{port}",
        "Host: alpha.localhost.",
        "Host: alpha.localhost.evil.example",
        "Host: user@alpha.localhost",
        "Host: alpha.localhost, beta.localhost",
        "Host: [::1]",
        "Host: xn--lpha-5na.localhost",
        "Host: " + "a" * 300 + ".localhost",
        "Host:",
    ):
        answer = raw(port, header)
        assert status(answer) == 404, header
        bodies.add(answer.split(b"\r\n\r\n", 1)[1])
    assert bodies == {b"Not found\n"}


def test_two_host_headers_never_choose_between_tenants(port: int) -> None:
    answer = raw(port, f"Host: alpha.localhost:{port}", f"Host: beta.localhost:{port}")
    assert b"Beta Council" not in answer or b"Alpha Council" not in answer
    assert status(raw(port)) in (400, 404)


def test_forwarded_hosts_are_not_believed(port: int) -> None:
    for name in ("X-Forwarded-Host", "Forwarded", "X-Host"):
        answer = raw(port, f"Host: alpha.localhost:{port}", f"{name}: beta.localhost")
        assert status(answer) == 200
        assert b"Beta Council" not in answer


def test_canonical_links_come_from_the_registry(port: int) -> None:
    asked = http.client.HTTPConnection("127.0.0.1", port)
    asked.request("GET", "/privacy/", headers={"Host": "alpha.localhost:9"})
    page = asked.getresponse().read().decode()
    assert f'rel="canonical" href="http://alpha.localhost:{environment().port}/privacy/"' in page


def test_a_public_host_has_no_editor(tenants: Any, site: Any) -> None:
    assert site(tenants.alpha).get("/cms/").status_code == 404
    assert site(tenants.alpha).get("/admin/").status_code == 404
    answer = site(tenants.alpha, purpose="staff").get("/cms/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/")
    assert site(tenants.alpha, purpose="files").get("/privacy/").status_code == 404


def test_head_and_headers_of_a_public_page(tenants: Any, site: Any) -> None:
    answer = site(tenants.alpha).head("/")
    assert answer.status_code == 200
    assert "unsafe-inline" not in answer["Content-Security-Policy"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert not answer.cookies


@given(st.text(max_size=80))
def test_no_header_is_ever_repaired(header: str) -> None:
    name = host_name(header)
    assert name is None or header.lower().split(":")[0] == name


def test_a_suspended_tenant_is_gone_once_forgotten(tenants: Any) -> None:
    from tenants.registry.context import in_public
    from tenants.registry.hosts import forget
    from tenants.registry.models import Tenant

    assert site_for("beta.localhost") is not None
    with in_public():
        Tenant.objects.filter(slug="beta").update(state=Tenant.State.ERASED)
    forget()
    assert site_for("beta.localhost") is None
    assert site_for("alpha.localhost") is not None


@pytest.mark.parametrize(("which", "answered"), [("public", {"alpha"}), ("staff", {"alpha.staff"})])
def test_a_process_may_answer_one_kind_of_host_alone(
    tenants: Any, monkeypatch: pytest.MonkeyPatch, which: str, answered: set[str]
) -> None:
    forget()
    alone = environment().model_copy(update={"serve": which})
    monkeypatch.setattr("tenants.registry.hosts.environment", lambda: alone)
    base, port = environment().base_domain, environment().port
    found = {name for name in ("alpha", "alpha.staff", "nowhere") if site_for(f"{name}.{base}:{port}")}
    assert found == answered


def asked(site: Any, address: str, **headers: str) -> bytes:
    """The front page as somebody at this network address gets it from a WSGI application."""
    environ: dict[str, Any] = {"REMOTE_ADDR": address, "HTTP_HOST": "alpha.localhost", "PATH_INFO": "/privacy/"}
    setup_testing_defaults(environ)
    told: list[str] = []
    body = site({**environ, **headers}, lambda status, lines, *rest: told.append(status))
    return told[0].encode() + b"\n" + b"".join(body)


def test_a_forwarded_host_counts_from_a_declared_proxy_alone(tenants: Any) -> None:
    from core.project.wsgi import site
    from tenants.registry.front import Front

    front = Front(site, ["10.0.0.0/8", "2001:db8::/32"])
    named = {"HTTP_X_FORWARDED_HOST": "beta.localhost"}
    for proxy in ("10.1.2.3", "::ffff:10.1.2.3", "2001:db8::7"):
        assert b"Beta Council" in asked(front, proxy, **named)
    for stranger in ("192.0.2.1", "11.0.0.1", "", "not an address"):
        answer = asked(front, stranger, **named)
        assert b"Alpha Council" in answer
        assert b"Beta Council" not in answer
    assert b"Alpha Council" in asked(Front(site), "10.1.2.3", **named)
    # A chain of names is no host, and other headers say nothing even from there.
    for chain in ("beta.localhost, alpha.localhost", "beta.localhost,beta.localhost", "beta@alpha.localhost"):
        assert asked(front, "10.1.2.3", HTTP_X_FORWARDED_HOST=chain).startswith(b"404")
    assert b"Alpha Council" in asked(
        front, "10.1.2.3", HTTP_FORWARDED="host=beta.localhost", HTTP_X_HOST="beta.localhost"
    )
    # Nor is the scheme believed of a stranger where proxies are declared.
    seen: list[dict[str, Any]] = []
    remember = Front(lambda environ, start: seen.append(environ) or [], ["10.0.0.0/8"])  # type: ignore[func-returns-value]
    for address in ("10.1.2.3", "192.0.2.1"):
        remember({"REMOTE_ADDR": address, "PATH_INFO": "/", "HTTP_X_FORWARDED_PROTO": "https"}, None)  # type: ignore[arg-type]
    assert ["HTTP_X_FORWARDED_PROTO" in one for one in seen] == [True, False]


def test_a_first_line_that_names_a_host_is_refused(tenants: Any) -> None:
    from core.project.wsgi import site
    from tenants.registry.front import Front

    front = Front(site)
    assert asked(front, "192.0.2.1").startswith(b"200")
    for told in (
        {"PATH_INFO": ""},
        {"PATH_INFO": "http://beta.localhost/privacy/"},
        {"RAW_URI": "http://beta.localhost/privacy/"},
    ):
        assert asked(front, "192.0.2.1", **told).startswith(b"400")


def test_the_real_server_never_lets_two_names_choose(tenants: Any) -> None:
    with granian() as port:
        good = raw(port, f"Host: alpha.localhost:{port}")
        assert status(good) == 200
        assert b"Alpha Council" in good
        for lines in (
            (f"Host: alpha.localhost:{port}", f"Host: beta.localhost:{port}"),
            (f"Host: alpha.localhost:{port}", f"host: alpha.localhost:{port}"),
            (f"Host: alpha.localhost:{port}", f"HOST : beta.localhost:{port}"),
            (),
        ):
            answer = raw(port, *lines)
            assert status(answer) in (400, 404), lines
            assert b"Council" not in answer, lines
        # A first line that is a host and no path is refused, whatever stands in the Host header.
        for verb in ("GET", "POST", "CONNECT"):
            bare = raw(port, f"Host: alpha.localhost:{port}", first=f"{verb} beta.localhost:{port} HTTP/1.1")
            assert status(bare) == 400, verb
            assert b"Council" not in bare
        # Of an absolute one the server hands on the path alone: no layer of ours can see the name (deploy/README.md).
        # The Host header decides, and nothing is mixed; without one the name in the line does.
        absolute = f"GET http://beta.localhost:{port}/privacy/ HTTP/1.1"
        mixed = raw(port, f"Host: alpha.localhost:{port}", first=absolute)
        assert (status(mixed), b"Alpha Council" in mixed, b"beta" in mixed.lower()) == (200, True, False)
        alone = raw(port, first=absolute)
        assert (status(alone), b"Beta Council" in alone, b"alpha" in alone.lower()) == (200, True, False)
        # HTTP/2, which can name a host in two places, is not spoken.
        preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9)
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(preface)
            assert not connection.recv(100).startswith(b"\x00")


def test_no_cookie_of_ours_can_be_set_for_a_parent_domain_in_production() -> None:
    production = importlib.import_module("core.project.settings.production")
    names = [value for name, value in vars(production).items() if name.endswith("_COOKIE_NAME")]
    assert len(names) == 3
    assert all(name.startswith("__Host-") for name in names)
    # What was said to an officer is kept in the session, not in a cookie of its own.
    assert production.MESSAGE_STORAGE.endswith("session.SessionStorage")
    assert not [name for name in vars(production) if name.endswith("_COOKIE_DOMAIN")]
