"""Printed codes that prove themselves: a number and a keyed check over it, so that no list of codes is ever kept.

A code has 12 characters without those that look alike: 4 for the number, 8 for 40 bits of HMAC-SHA256. Guessing one
takes about 2**40 tries for each number that was printed. That a code is used once is the roll's business.
"""

from __future__ import annotations

import hmac
from datetime import date
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LOOKALIKE = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None, "\u2013": None})
NUMBER_LETTERS, CHECK_LETTERS = 4, 8
LARGEST = 32**NUMBER_LETTERS - 1


class Batch(BaseModel):
    """Codes printed together and given to one named helper; all of them can be withdrawn at once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: int = Field(ge=1, le=LARGEST, title="First number")
    last: int = Field(ge=1, le=LARGEST, title="Last number")
    helper: str = Field(default="", max_length=80, title="Who gives them out")
    last_day: date | None = Field(default=None, title="Last day they work")
    withdrawn: bool = Field(default=False, title="Withdrawn")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise ValueError("The last number of a batch cannot be below its first.")
        return self


def _text(number: int, letters: int) -> str:
    found = ""
    for _ in range(letters):
        number, rest = divmod(number, 32)
        found = LETTERS[rest] + found
    return found


def _check(secret: SecretStr, kind: str, number: int) -> str:
    digest = hmac.digest(secret.get_secret_value().encode(), f"{kind}:{number}".encode(), "sha256")
    return _text(int.from_bytes(digest[:5], "big"), CHECK_LETTERS)


def code_written(secret: SecretStr, kind: str, number: int) -> str:
    """The code of a number, as it is printed."""
    whole = _text(number, NUMBER_LETTERS) + _check(secret, kind, number)
    return "-".join(whole[at : at + 4] for at in range(0, len(whole), 4))


def code_number(secret: SecretStr, kind: str, typed: str) -> int | None:
    """The number of a code as somebody typed it, in any case and spacing; None where it was never printed."""
    plain = typed.strip().upper().translate(LOOKALIKE)
    if len(plain) != NUMBER_LETTERS + CHECK_LETTERS or any(letter not in LETTERS for letter in plain):
        return None
    number = 0
    for letter in plain[:NUMBER_LETTERS]:
        number = number * 32 + LETTERS.index(letter)
    good = hmac.compare_digest(plain[NUMBER_LETTERS:], _check(secret, kind, number))
    return number if good else None
