"""What a domain's records say about mail that we send in its name. Asks through the name port and writes nothing.

The domain must say three things: that it lets us send (SPF, RFC 7208), that our signature is its own (DKIM, RFC 6376),
and what others do with mail that is neither (DMARC, RFC 7489). A fourth record says which of our tenants may ask for
it, as otherwise any of them could send as any other that has the first three.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from core.kernel.errors import Unavailable
from core.kernel.names import Names
from tenants.office.hosts.naming import record_name, record_text

SELECTOR = "commonty"
# RFC 7208, 4.6.4: a receiver gives up after ten look-ups, and so do we.
MOST_LOOKUPS = 10
POLICIES = frozenset({"none", "quarantine", "reject"})


class Said(StrEnum):
    """What was found for one record."""

    GOOD = "good"
    MISSING = "missing"
    WRONG = "wrong"
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class Record:
    """A record that is wanted: its kind, where it stands and what it holds."""

    kind: str
    name: str
    type: str
    text: str


def sender_include(base: str) -> str:
    """Where the service publishes the machines that send its mail."""
    return f"_spf.{base}"


def records_wanted(domain: str, *, base: str, token: str) -> tuple[Record, ...]:
    """What whoever keeps the domain has to add, in the order in which they are looked at."""
    return (
        Record("proof", record_name(domain), "TXT", record_text(token)),
        Record("spf", domain, "TXT", f"v=spf1 include:{sender_include(base)} ~all"),
        Record("dkim", f"{SELECTOR}._domainkey.{domain}", "CNAME", f"{SELECTOR}._domainkey.{base}"),
        Record("dmarc", f"_dmarc.{domain}", "TXT", "v=DMARC1; p=quarantine"),
    )


def records_found(domain: str, *, base: str, token: str, names: Names) -> dict[str, Said]:
    """What each record says now, by its kind."""
    looks: dict[str, Callable[[], Said]] = {
        "proof": lambda: _proof(names, domain, token),
        "spf": lambda: _spf(names, domain, sender_include(base)),
        "dkim": lambda: _dkim(names, domain, base),
        "dmarc": lambda: _dmarc(names, domain),
    }
    found = {}
    for kind, look in looks.items():
        try:
            found[kind] = look()
        except Unavailable:
            found[kind] = Said.UNANSWERED
    return found


def _proof(names: Names, domain: str, token: str) -> Said:
    texts = names.texts(record_name(domain))
    if record_text(token) in texts:
        return Said.GOOD
    return Said.WRONG if texts else Said.MISSING


def _policies(names: Names, domain: str) -> list[str]:
    return [text for text in names.texts(domain) if text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")]


def _spf(names: Names, domain: str, include: str) -> Said:
    policies = _policies(names, domain)
    if not policies:
        return Said.MISSING
    # Two policies are an error to every receiver, so neither lets us send.
    return Said.GOOD if len(policies) == 1 and _includes(names, domain, include, [MOST_LOOKUPS]) else Said.WRONG


def _includes(names: Names, domain: str, include: str, left: list[int]) -> bool:
    """Whether the domain's one policy reaches ours before it says what becomes of all others."""
    policies = _policies(names, domain)
    if len(policies) != 1:
        return False
    onward = ""
    for term in policies[0].lower().split()[1:]:
        mechanism, value = term.partition(":")[::2]
        if mechanism.lstrip("+-~?") == "all":
            return False
        if term.startswith("redirect="):
            onward = term.removeprefix("redirect=")
        if mechanism.lstrip("+") == "include":
            left[0] -= 1
            if left[0] < 0:
                return False
            if value.rstrip(".") == include or _includes(names, value, include, left):
                return True
    left[0] -= 1
    return bool(onward) and left[0] >= 0 and (onward == include or _includes(names, onward, include, left))


def _tags(text: str) -> dict[str, str]:
    """A list of tags as DKIM and DMARC write it (RFC 6376, 3.2)."""
    pairs = (part.partition("=") for part in text.split(";") if "=" in part)
    return {name.strip().lower(): "".join(value.split()) for name, _, value in pairs}


def _dkim(names: Names, domain: str, base: str) -> Said:
    """The key published for our selector is ours, by an alias or as a copy of it."""
    keys = [_tags(text).get("p", "") for text in names.texts(f"{SELECTOR}._domainkey.{domain}")]
    if not keys:
        return Said.MISSING
    ours = [_tags(text).get("p", "") for text in names.texts(f"{SELECTOR}._domainkey.{base}")]
    return Said.GOOD if len(keys) == 1 and keys[0] and keys == ours else Said.WRONG


def _dmarc(names: Names, domain: str) -> Said:
    """The policy of the domain, or of the nearest domain above it that has one."""
    labels = domain.split(".")
    for start in range(len(labels) - 1):
        texts = names.texts("_dmarc." + ".".join(labels[start:]))
        policies = [tags for text in texts if (tags := _tags(text)).get("v") == "DMARC1"]
        if policies:
            return Said.GOOD if len(policies) == 1 and policies[0].get("p") in POLICIES else Said.WRONG
    return Said.MISSING
