"""The name port: what the domain name system says. `project` binds it; nobody else knows how it is asked."""

from __future__ import annotations

from typing import Protocol

from core.kernel.errors import Unavailable


class Names(Protocol):
    """Each answer is what the world's name servers say now.

    "There is nothing" is an answer (empty). Raises Unavailable when nobody could say, which proves nothing either way.
    """

    def texts(self, name: str) -> tuple[str, ...]:
        """The TXT records of a name, each as one text."""

    def addresses(self, name: str) -> frozenset[str]:
        """The IPv4 and IPv6 addresses a name leads to, aliases followed."""


_port: list[Names] = []


def bind_names(port: Names) -> None:
    _port[:] = [port]


def names() -> Names:
    """Raises Unavailable where nothing was bound."""
    if not _port:
        raise Unavailable("Nobody asks name servers in this process.", code="names.unbound")
    return _port[0]
