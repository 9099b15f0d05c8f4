"""Which host names may be asked for at all. Pure: the registry's names are handed in."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from core.kernel.errors import Invalid, Refused
from tenants.registry.hosts import HOST

LONGEST = 240
# Names that belong to nobody, or to every machine (RFC 2606, 6761, 6762, 7686, 9476).
NOBODYS = frozenset(
    {
        *("test", "example", "invalid", "localhost", "local", "internal", "onion", "alt", "arpa"),
        *("lan", "home", "corp", "intranet", "private", "localdomain"),
    }
)
NOBODYS_DOMAINS = ("example.com", "example.net", "example.org")
# First words of names that mail programs, browsers and certificate makers look for.
SERVICE_WORDS = frozenset(
    {"autoconfig", "autodiscover", "wpad", "isatap", "mail", "mta-sts", "smtp", "imap", "ns1", "ns2"}
)
# Letters that are read as others. What a name looks like is compared, not what it is.
LOOKS = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("0", "o"), ("1", "l"), ("i", "l"), ("5", "s"), ("3", "e"), ("-", ""))


def look_of(host: str) -> str:
    """A name as a hurried eye reads it; two names of one look are look-alikes."""
    for written, read in LOOKS:
        host = host.replace(written, read)
    return host


def _under(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")


def host_of(typed: str) -> str:
    """The host name in what somebody typed: a bare name, also where they pasted an address. Raises Invalid."""
    host = typed.strip().lower().removeprefix("https://").removeprefix("http://").rstrip("/").rstrip(".")
    if any(ord(letter) > 127 for letter in host) or any(label.startswith("xn--") for label in host.split(".")):
        raise Invalid(
            "The address has letters outside a to z.",
            code="host.letters",
            remedy="Such letters can be made to look like others, so choose a name without accents.",
        )
    found = HOST.match(host)
    if found is None or found[1] or len(host) > LONGEST or any(len(label) > 63 for label in host.split(".")):
        raise Invalid(
            "This is not the name of a website.",
            code="host.malformed",
            remedy="Write only the name, like choices.example.scot, without a path or a port.",
        )
    return host


def host_check(host: str, *, base: str, others: Iterable[str]) -> None:
    """As `domain_check`, and Refused for a website whose first word other services look for."""
    domain_check(host, base=base, others=others)
    word = host.partition(".")[0]
    if word in SERVICE_WORDS:
        raise Refused(
            f"Names that begin with “{word}” are kept for other services.",
            code="host.reserved",
            remedy="Choose another first word, like “choices”.",
        )


def domain_check(host: str, *, base: str, others: Iterable[str]) -> None:
    """Raises Refused for a name that is reserved, the service's own, or looks like the service's or somebody else's.

    `others` are names the registry serves for other tenants.
    """
    labels = host.split(".")
    numeric = labels[-1].isdecimal()
    try:
        ipaddress.ip_address(host)
        numeric = True
    except ValueError:
        pass
    if len(labels) < 2 or numeric or labels[-1] in NOBODYS or any(_under(host, one) for one in NOBODYS_DOMAINS):
        raise Refused(
            "Nobody can own this name.",
            code="host.reserved",
            remedy="Use a name below a domain that your organisation has registered.",
        )
    if _under(host, base):
        raise Refused(
            "Names below the service's own domain are given out by the service.",
            code="host.ours",
            remedy="Use a name below a domain of your own.",
        )
    look = look_of(host)
    if _under(look, look_of(base)):
        raise Refused(
            "This name looks like the service's own.", code="host.look_alike", remedy="Choose a name that does not."
        )
    for other in others:
        if host != other and look == look_of(other):
            raise Refused(
                "This name looks like another community's.",
                code="host.look_alike",
                remedy="Choose a name that cannot be taken for theirs.",
            )


def record_name(host: str) -> str:
    """Where the proof is looked for."""
    return f"_commonty.{host}"


def record_text(token: str) -> str:
    """What the record must say."""
    return f"commonty-proof={token}"
