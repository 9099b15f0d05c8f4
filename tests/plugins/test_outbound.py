"""What plugins may call and what they may not: nothing of ours, nothing by a trick, nothing without an end."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.kernel.env import environment
from core.kernel.errors import Invalid, Unavailable
from plugins.api import NoSettings, PermanentFailure, TemporaryFailure
from plugins.host import outbound
from plugins.host.context import plugin_context
from plugins.host.fence import fence_close
from plugins.host.outbound import Outbound, address_public
from tenants.registry.context import in_tenant
from tests.support.carrier import Carrier, carrier

NAMED = Outbound(("service.example.org",))


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator's setting for demo and tests."""
    allowed = environment().model_copy(update={"http_local": True})
    monkeypatch.setattr(outbound, "environment", lambda: allowed)


@pytest.fixture
def service(local: None) -> Iterator[Carrier]:
    with carrier(lambda asked: (302, b"http://169.254.169.254/") if asked.path == "/away" else (200, asked.body)) as up:
        yield up


def names(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Every name has these addresses; answers what was asked, in order."""
    asked: list[str] = []

    def resolve(host: str, port: int) -> Any:
        asked.append(host)
        families = [socket.AF_INET6 if ":" in one else socket.AF_INET for one in answers]
        return [(family, (one, port)) for family, one in zip(families, answers, strict=True)]

    monkeypatch.setattr(outbound, "resolve", resolve)
    return asked


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("81.2.69.142", True),
        ("2a00:1450:4009::1", True),
        ("64:ff9b::5102:458e", True),
        *(
            (one, False)
            for one in (
                "127.0.0.1",
                "0.0.0.0",  # noqa: S104  # an address that is refused
                "10.1.2.3",
                "172.16.0.1",
                "192.168.1.1",
                "169.254.169.254",
                "100.64.0.1",
                "168.63.129.16",
                "224.0.0.1",
                "255.255.255.255",
                "192.0.2.1",
                "::",
                "::1",
                "::ffff:127.0.0.1",
                "fe80::1%eth0",
                "fd00:ec2::254",
                "64:ff9b::a9fe:a9fe",
                "2002:7f00:1::",
                "ff02::1",
            )
        ),
    ],
)
def test_public_addresses_are_told_from_ours(address: str, public: bool) -> None:
    assert address_public(address) is public


@pytest.mark.parametrize(
    "url",
    [
        "http://service.example.org/",
        "https://other.example.org/",
        "https://service.example.org:22/",
        "https://user@service.example.org/",
        "https://service.example.org\\@other.example.org/",
        "https://service.example.org/ x",
        "https://sérvice.example.org/",
        "file:///etc/passwd",
        "https:///nowhere",
        "https://[::1/",
        "https://service.example.org:port/",
        "",
    ],
)
def test_an_address_that_is_not_named_or_not_plain_is_never_resolved(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = names(monkeypatch, "81.2.69.142")
    with pytest.raises(PermanentFailure):
        NAMED.send("GET", url)
    assert asked == []


@pytest.mark.parametrize("answers", [("127.0.0.1",), ("169.254.169.254",), ("81.2.69.142", "10.0.0.1"), ("::1",)])
def test_a_name_with_an_address_of_ours_is_refused_whole(
    answers: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    names(monkeypatch, *answers)
    for hosts in (("service.example.org",), ("*",)):
        with pytest.raises(PermanentFailure, match="not a public address"):
            Outbound(hosts).send("GET", "https://service.example.org/")
    # Without the operator's setting this machine is no exception, by number or by name.
    for url in ("https://127.0.0.1/", "https://localhost/", "https://2130706433/"):
        with pytest.raises(PermanentFailure):
            Outbound(("*",)).send("GET", url)


def test_the_name_is_asked_once_and_the_checked_address_is_called(
    monkeypatch: pytest.MonkeyPatch, service: Carrier
) -> None:
    """A name that would answer with another address later has no second chance."""
    port = int(service.url.rsplit(":", 1)[1])
    asked: list[str] = []

    def resolve(host: str, wanted: int) -> Any:
        asked.append(host)
        # Nobody listens at the first address; the second is tried, as where a network has one kind alone.
        return [(socket.AF_INET, ("127.0.0.1", 1)), (socket.AF_INET, ("127.0.0.1", port))]

    monkeypatch.setattr(outbound, "resolve", resolve)
    assert Outbound(()).send("POST", "http://localhost/echo?a=1", body=b"hello").body == b"hello"
    assert asked == ["localhost"]
    seen = service.asked[0]
    assert (seen.method, seen.path, seen.headers["host"]) == ("POST", "/echo?a=1", "localhost")


def test_redirects_are_answers_and_headers_of_ours_are_ours(service: Carrier) -> None:
    away = Outbound(()).send("GET", f"{service.url}/away")
    assert (away.status, away.headers["location"]) == (302, "http://169.254.169.254/")
    assert len(service.asked) == 1
    for headers in ({"Host": "x"}, {"content-length": "9"}):
        with pytest.raises(PermanentFailure):
            Outbound(()).send("GET", service.url, headers=headers)
    with pytest.raises(TemporaryFailure):
        Outbound(()).send("GET", service.url, headers={"X-Split": "a\r\nHost: b"})
    assert len(service.asked) == 1


def test_size_and_time_have_an_end(monkeypatch: pytest.MonkeyPatch, service: Carrier) -> None:
    monkeypatch.setattr(outbound, "MOST_BYTES", 1000)
    assert len(Outbound(()).send("POST", service.url, body=b"x" * 1000).body) == 1000
    with pytest.raises(PermanentFailure):
        Outbound(()).send("POST", service.url, body=b"x" * 1001)
    monkeypatch.setattr(outbound, "SECONDS", 0.3)

    def drip(listener: socket.socket) -> None:
        """A server that always says a little more, so that no single read is ever late."""
        peer, _ = listener.accept()
        with closing(peer):
            try:
                for _ in range(100):
                    peer.sendall(b"H")
                    stopped.wait(0.02)
            except OSError:
                return

    stopped = threading.Event()
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        thread = threading.Thread(target=drip, args=(listener,), daemon=True)
        thread.start()
        with pytest.raises(TemporaryFailure):
            Outbound(()).send("GET", f"http://127.0.0.1:{listener.getsockname()[1]}/")
        stopped.set()
        thread.join(5)


def test_a_certificate_nobody_vouches_for_is_refused(local: None, tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "both.pem"
    plain = serialization.NoEncryption()
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        + made.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with carrier(lambda asked: (200, b""), context) as up:
        with pytest.raises(TemporaryFailure):
            Outbound(()).send("GET", up.url)
        assert up.asked == []


def test_a_plugin_has_the_client_of_its_own_manifest_behind_the_fence(tenants: Any, service: Carrier) -> None:
    import contextvars

    def inside() -> bytes:
        fence_close()
        with pytest.raises(RuntimeError), closing(socket.socket()) as own:
            own.connect(("127.0.0.1", 9))
        return plugin_context(NoSettings(), module=("ballot_format", "approval")).http.send("GET", service.url).body

    with in_tenant(tenants.alpha):
        assert contextvars.copy_context().run(inside) == b""
        http = plugin_context(NoSettings(), module=("ballot_format", "approval")).http
        with pytest.raises(PermanentFailure, match="does not name"):
            http.send("GET", "https://service.example.org/")
        with pytest.raises(Unavailable):
            _ = plugin_context(NoSettings()).http


def test_production_refuses_the_setting_that_opens_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    from core.kernel import env

    monkeypatch.setenv("COMMONTY_ENV", "production")
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.setenv(f"COMMONTY_{name}", "x://y")
    monkeypatch.setenv("COMMONTY_HTTP_LOCAL", "true")
    env.environment.cache_clear()
    try:
        with pytest.raises(Invalid, match="HTTP_LOCAL"):
            env.environment()
    finally:
        monkeypatch.undo()
        env.environment.cache_clear()
