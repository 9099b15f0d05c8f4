"""Identifiers for machines, and references that people read out over the telephone."""

from __future__ import annotations

import secrets

from core.kernel.errors import Invalid

# Crockford's base 32: no I, L, O or U, so that nothing looks like something else.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ALIASES = str.maketrans({"O": "0", "I": "1", "L": "1"})
# The check character's modulus is a prime above 32, so that every single slip and every swap of neighbours shows.
CHECK = ALPHABET + "*~$=U"


def public_id() -> str:
    """A random identifier of 128 bits in 22 characters, safe in an address."""
    return secrets.token_urlsafe(16)


def _check(body: str) -> str:
    value = 0
    for letter in body:
        value = (value * 32 + ALPHABET.index(letter)) % 37
    return CHECK[value]


def reference(length: int = 8) -> str:
    """A random reference such as `K7M2-9QXD-4`: groups of four, then a check character.

    Each letter carries five bits. A body whose check character would be a sign is drawn again, so that people only
    ever meet letters and digits.
    """
    while True:
        found = reference_from(secrets.token_bytes(length), length)
        if found is not None:
            return found


def reference_from(data: bytes, length: int = 8) -> str | None:
    """The reference that these bytes stand for, a letter for each; None where its check character would be a sign."""
    body = "".join(ALPHABET[byte % len(ALPHABET)] for byte in data[:length])
    check = _check(body)
    if check not in ALPHABET:
        return None
    return "-".join([body[i : i + 4] for i in range(0, length, 4)] + [check])


def reference_normalise(text: str) -> str:
    """A reference as it was typed, put into its one written form. Raises Invalid for a slip of the pen."""
    letters = "".join(text.split()).replace("-", "").upper().translate(ALIASES)
    if len(letters) < 5 or any(letter not in ALPHABET for letter in letters) or _check(letters[:-1]) != letters[-1]:
        raise Invalid(
            "This is not a code we have given out: a character is wrong or missing.",
            code="reference.invalid",
            remedy="Check it against what you wrote down.",
        )
    body, check = letters[:-1], letters[-1]
    return "-".join([body[i : i + 4] for i in range(0, len(body), 4)] + [check])
