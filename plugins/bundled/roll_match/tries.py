"""How often something was tried that is not on the list, so that nobody guesses their way onto it.

Counted is what is known of a person without the part that has to be guessed: their name and postcode where more than
these is asked, else the postcode. The count lives in the tenant's part of the cache under a keyed digest and runs out
by itself. Without a cache nothing is counted, and people can vote.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

from django.core.cache import cache
from redis import RedisError

from plugins.bundled.roll_match.reading import digest

# A household that shares a postcode may slip now and then; a guesser needs far more.
TRIES = 10
SECONDS = 3600
KNOWN = ("first_name", "last_name", "postcode")


def place(secret: str, round: str, columns: Sequence[str], values: Mapping[str, str]) -> str:
    """Where tries for this person are counted; empty where their name or postcode cannot be read."""
    known = KNOWN if set(columns) - set(KNOWN) else ("postcode",)
    found = digest(secret, round, known, values)
    return f"roll-match/tries/{found.hex()}" if found else ""


def locked(at: str) -> bool:
    """Whether too much was tried here within the hour."""
    with suppress(RedisError):
        return bool(at) and int(cache.get(at) or 0) >= TRIES
    return False


def missed(at: str) -> None:
    """One more try that was not on the list."""
    with suppress(RedisError, ValueError):
        if at:
            cache.add(at, 0, timeout=SECONDS)
            cache.incr(at)
