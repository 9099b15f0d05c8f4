"""What of a request's head is believed, decided before anybody is asked whose site it is.

The Host header chooses the tenant, and it alone. A proxy that passes on another name says so with a forwarded header,
which anybody can write: it counts only from addresses that the operator has declared (`COMMONTY_TRUSTED_PROXIES`).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Sequence
from typing import Any

Environ = dict[str, Any]
Start = Callable[..., Any]
Wsgi = Callable[[Environ, Start], Iterable[bytes]]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

HOST, SCHEME = "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PROTO"
# Other ways of saying the same, which nobody here reads and nobody behind shall.
OTHERS = ("HTTP_FORWARDED", "HTTP_X_HOST", "HTTP_X_ORIGINAL_HOST", "HTTP_X_FORWARDED_SERVER")
BODY = b"Bad request\n"


class Front:
    """In front of everything: refuses a request that names its host in its first line, believes declared proxies."""

    def __init__(self, site: Wsgi, proxies: Sequence[str] = ()) -> None:
        self.site = site
        self._proxies: list[Network] = [ipaddress.ip_network(text) for text in proxies]

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        if not _plain(environ):
            headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(BODY)))]
            start("400 Bad Request", headers)
            return [BODY]
        declared = self._declared(str(environ.get("REMOTE_ADDR", "")))
        named = environ.pop(HOST, "")
        if declared and named:
            # Several names, as a chain of proxies or a liar makes them, are no host and answered as one unknown.
            environ["HTTP_HOST"] = named
        if self._proxies and not declared:
            environ.pop(SCHEME, None)
        for name in OTHERS:
            environ.pop(name, None)
        return self.site(environ, start)

    def _declared(self, address: str) -> bool:
        if not self._proxies:
            return False
        try:
            peer = ipaddress.ip_address(address)
        except ValueError:
            return False
        if isinstance(peer, ipaddress.IPv6Address) and peer.ipv4_mapped is not None:
            peer = peer.ipv4_mapped
        return any(peer in network for network in self._proxies)


def _plain(environ: Environ) -> bool:
    """Whether the first line held a path. Servers that tell of an absolute address do so by one of these.

    Of a line that holds a bare host (`CONNECT other:80`, and the same with any other verb) ours leaves no path at all.
    """
    told = [str(environ.get(name, "/")) for name in ("PATH_INFO", "RAW_URI", "REQUEST_URI")]
    return all(one.startswith("/") or one == "*" for one in told)
