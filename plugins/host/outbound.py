"""The guarded outbound client that plugins are lent: it reaches public services and nothing of ours (SSRF).

The name is resolved once and the connection goes to the very address that was checked, so that a name which answers
differently the second time (DNS rebinding) gains nothing. One address that is not public refuses the whole name.
Redirects are not followed. Time and size are limited for the whole exchange, not for each read. In demo and tests
`COMMONTY_HTTP_LOCAL` lets plugins call loopback addresses; production refuses that setting.
"""

from __future__ import annotations

import io
import re
import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from http.client import HTTPConnection, HTTPException
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import urlsplit

from core.kernel.env import environment
from core.kernel.telemetry import span
from plugins.api import HttpAnswer, PermanentFailure, TemporaryFailure
from plugins.host.fence import lifted

SECONDS = 10.0
MOST_BYTES = 1_000_000
PORTS = frozenset({443, 8443})
ANY_HOST = "*"
METHODS = frozenset({"GET", "POST", "PUT", "DELETE"})
# Names that say where a request goes or where it ends: ours to write.
OWN_HEADERS = frozenset({"host", "content-length", "transfer-encoding", "connection", "proxy-authorization"})
PLAIN_URL = re.compile(r"[\x21-\x7e]{1,2000}")
NAT64 = IPv6Network("64:ff9b::/96")
# Azure's own services answer at this public address from inside the machine.
METADATA = frozenset({IPv4Address("168.63.129.16")})

Found = tuple[socket.AddressFamily, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class _Target:
    """A checked request: the addresses where the connection may go, and what is asked there."""

    host: str
    port: int
    tls: bool
    way: str
    found: tuple[Found, ...]


def address_public(text: str) -> bool:
    """Whether an IP address belongs to the public internet, also where it wraps an older one."""
    ip = ip_address(text.partition("%")[0])
    if isinstance(ip, IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in NAT64:
            inner = IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return address_public(str(inner))
    odd = ip.is_private or ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_reserved or ip.is_unspecified
    return ip.is_global and not odd and ip not in METADATA


def resolve(host: str, port: int) -> list[Found]:
    """The addresses of a name. Raises OSError where it has none."""
    return [(found[0], found[4]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _refused(why: str) -> PermanentFailure:
    return PermanentFailure(f"This address may not be called: {why}.")


def _target(url: str, hosts: Sequence[str]) -> _Target:
    """What a URL asks for, if the plugin may ask it. Raises PermanentFailure, or TemporaryFailure for an unknown name.

    No error repeats the URL: a path may hold a token.
    """
    if not PLAIN_URL.fullmatch(url):
        raise _refused("it is not a plain URL")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError as error:
        raise _refused("it is not a plain URL") from error
    if not host or parts.username is not None or parts.password is not None:
        raise _refused("it names no host, or a user")
    local = environment().http_local and host in ("127.0.0.1", "localhost", "::1")
    tls = parts.scheme == "https"
    if not local:
        if not tls:
            raise _refused("it is not https")
        if (port or 443) not in PORTS:
            raise _refused(f"port {port} is not one of {', '.join(map(str, sorted(PORTS)))}")
        if ANY_HOST not in hosts and host not in hosts:
            raise _refused(f"the plugin does not name {host} among its hosts")
    elif parts.scheme not in ("http", "https"):
        raise _refused("it is neither http nor https")
    port = port or (443 if tls else 80)
    try:
        found = resolve(host, port)
    except (OSError, UnicodeError) as error:
        raise TemporaryFailure(f"The name {host} is not known.") from error
    if not local and any(not address_public(str(address[0])) for _, address in found):
        raise _refused(f"{host} is not a public address")
    if not found:
        raise TemporaryFailure(f"The name {host} has no address.")
    way = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _Target(host, port, tls, way, tuple(found))


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


class _Reading(io.RawIOBase):
    """A socket's bytes, each read within what is left of the whole time."""

    def __init__(self, sock: socket.socket, left: Callable[[], float]) -> None:
        self._sock, self._left = sock, left

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._left())
        return self._sock.recv_into(buffer)


class _Socket:
    """As much of a socket as http.client needs, under one deadline."""

    def __init__(self, sock: socket.socket, left: Callable[[], float]) -> None:
        self._sock, self._left = sock, left

    def sendall(self, data: Any) -> None:
        self._sock.settimeout(self._left())
        self._sock.sendall(data)

    def makefile(self, mode: str = "rb") -> io.BufferedReader:
        return io.BufferedReader(_Reading(self._sock, self._left))

    def close(self) -> None:
        self._sock.close()


class _Connection(HTTPConnection):
    """Goes to the address that was checked, whatever the name says by now."""

    def __init__(self, target: _Target, left: Callable[[], float]) -> None:
        super().__init__(target.host, target.port)
        self._target, self._left = target, left
        if target.port == (443 if target.tls else 80):
            # The Host header then has no port, as every server expects.
            self.default_port = target.port

    def connect(self) -> None:
        target = self._target
        sock = self._reached()
        try:
            if target.tls:
                sock.settimeout(self._left())
                sock = _tls().wrap_socket(sock, server_hostname=target.host)
        except BaseException:
            sock.close()
            raise
        self.sock: Any = _Socket(sock, self._left)

    def _reached(self) -> socket.socket:
        """A connection to the first of the checked addresses that answers: not every network has both kinds."""
        last: OSError = OSError("no address")
        for family, address in self._target.found:
            sock = socket.socket(family, socket.SOCK_STREAM)
            try:
                sock.settimeout(self._left())
                sock.connect(address)
            except OSError as error:
                sock.close()
                last = error
                continue
            return sock
        raise last


def _headers(given: Mapping[str, str] | None) -> dict[str, str]:
    headers = {str(name): str(value) for name, value in (given or {}).items()}
    taken = OWN_HEADERS & {name.lower() for name in headers}
    if taken:
        raise _refused(f"a plugin does not write the header {sorted(taken)[0]}")
    return {"User-Agent": "Commonty", **headers}


def _exchange(target: _Target, method: str, body: bytes, headers: Mapping[str, str]) -> HttpAnswer:
    ends = time.monotonic() + SECONDS

    def left() -> float:
        rest = ends - time.monotonic()
        if rest <= 0:
            raise TimeoutError
        return rest

    connection = _Connection(target, left)
    try:
        connection.request(method, target.way, body=body or None, headers=dict(headers))
        answer = connection.getresponse()
        data = answer.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise PermanentFailure(f"{target.host} answered more than {MOST_BYTES} bytes.")
        return HttpAnswer(answer.status, data, {name.lower(): value for name, value in answer.getheaders()})
    finally:
        connection.close()


@dataclass(frozen=True, slots=True)
class Outbound:
    """The port that one plugin sees; `hosts` are those its manifest names."""

    hosts: tuple[str, ...]

    def send(self, method: str, url: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None) -> HttpAnswer:
        """One request and its answer. Raises PermanentFailure or TemporaryFailure."""
        if method not in METHODS:
            raise _refused(f"the method is none of {', '.join(sorted(METHODS))}")
        if len(body) > MOST_BYTES:
            raise _refused(f"more than {MOST_BYTES} bytes would be sent")
        with lifted():
            written = _headers(headers)
            target = _target(url, self.hosts)
            with span("plugin.http", host=target.host, method=method):
                try:
                    return _exchange(target, method, body, written)
                except (OSError, HTTPException, ValueError) as error:
                    raise TemporaryFailure(f"{target.host} did not answer ({type(error).__name__}).") from error
