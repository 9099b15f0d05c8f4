"""The name port by dnspython: real questions to the machine's name servers, or to those the operator names."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

import dns.exception
import dns.name
import dns.resolver
from dns.nameserver import Do53Nameserver, Nameserver

from core.kernel.errors import Invalid, Unavailable

# A page may wait for this, so it is short; a job that got no answer asks again later.
SECONDS_EACH = 2.0
SECONDS_IN_ALL = 4.0
DEFAULT_PORT = 53


def server_of(text: str) -> Nameserver:
    """A name server from `address`, `address:port` or `[address]:port`. Raises Invalid."""
    address, port = text, str(DEFAULT_PORT)
    if text.startswith("["):
        address, _, port = text[1:].partition("]")
        port = port.removeprefix(":") or str(DEFAULT_PORT)
    elif text.count(":") == 1:
        address, _, port = text.partition(":")
    if not (port.isdecimal() and 0 < int(port) < 65536):
        raise Invalid(f"{text!r} is no name server.", code="names.server", remedy="Write an address, or address:port.")
    try:
        return Do53Nameserver(str(ipaddress.ip_address(address)), int(port))
    except ValueError as error:
        raise Invalid(f"{text!r} is no name server.", code="names.server", remedy="Write its IP address.") from error


class DnsNames:
    """Asks anew each time: what was true a while ago proves nothing now."""

    def __init__(self, servers: Sequence[str] = ()) -> None:
        self._servers = [server_of(text) for text in servers]

    def texts(self, name: str) -> tuple[str, ...]:
        answer = self._ask(name, "TXT")
        return tuple(b"".join(row.strings).decode("utf-8", "replace") for row in answer)

    def addresses(self, name: str) -> frozenset[str]:
        return frozenset(str(row.address) for kind in ("A", "AAAA") for row in self._ask(name, kind))

    def _ask(self, name: str, kind: str) -> list:  # type: ignore[type-arg]  # rows of each kind have a type of their own
        resolver = dns.resolver.Resolver(configure=not self._servers)
        if self._servers:
            resolver.nameservers = self._servers
        resolver.timeout, resolver.lifetime = SECONDS_EACH, SECONDS_IN_ALL
        try:
            # The dot at the end: no search list of this machine ever makes another name of it.
            return list(resolver.resolve(name.rstrip(".") + ".", kind))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.name.LabelTooLong, dns.name.NameTooLong, dns.name.EmptyLabel) as error:
            raise Invalid(f"{name!r} is no name.", code="names.malformed") from error
        except (dns.exception.DNSException, OSError) as error:
            raise Unavailable(
                "The name servers do not answer.", code="names.unreachable", remedy="Try again in some minutes."
            ) from error
