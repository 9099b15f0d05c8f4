"""Which host is answered, and as what. An unknown host learns nothing."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.kernel.env import environment
from tenants.registry.hosts import forget, host_name, site_for


@pytest.fixture
def port(tenants: Any) -> Iterator[int]:
    from tests.support.server import serving

    with serving() as found:
        yield found


def raw(port: int, *lines: str) -> bytes:
    """One request as bytes, so that a header can be missing, doubled or odd."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(("\r\n".join(["GET / HTTP/1.1", *lines, "Connection: close", "", ""])).encode())
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
