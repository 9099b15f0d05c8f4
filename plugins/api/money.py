"""Money is a whole number of pence. No floating point comes near it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import total_ordering

# What people write: £12,000 · 12000 · 12,000.50 · £ 7.5 is refused, as is 12,5 and 1e3.
WRITTEN = re.compile(r"\A(?P<sign>-)?£?\s?(?P<pounds>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,12})(?:\.(?P<pence>[0-9]{2}))?\Z")
LARGEST = 10**14
SYMBOLS = {"GBP": "£", "EUR": "€"}


class MoneyInvalid(ValueError):
    """The text is not an amount; the message says how to write one."""


@total_ordering
@dataclass(frozen=True, slots=True)
class Money:
    """`Money(1_200_050)` is £12,000.50. Amounts of one currency add, subtract and compare exactly."""

    minor: int
    currency: str = "GBP"

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError("Money is a whole number of minor units (pence).")

    @classmethod
    def parse(cls, text: str, *, currency: str = "GBP", negative: bool = False) -> Money:
        """An amount as people write it: `£12,000`, `12000.50`, and `-£5` where `negative` is allowed.

        Raises MoneyInvalid saying how to write it, for `12,5`, `1e3`, `7.5` and anything else.
        """
        match = WRITTEN.match(text.strip())
        if match is None:
            raise MoneyInvalid(f"“{text.strip()}” is not an amount we can read. Write pounds like 12000 or £12,000.50.")
        minor = int(match["pounds"].replace(",", "")) * 100 + int(match["pence"] or 0)
        if match["sign"] and not negative:
            raise MoneyInvalid("The amount cannot be less than nothing. Write pounds like 12000 or £12,000.50.")
        if minor > LARGEST:
            raise MoneyInvalid("The amount is larger than this service can hold. Check the number of noughts.")
        return cls(-minor if match["sign"] else minor, currency)

    def format(self) -> str:
        """`£12,000`, or `£12,000.50` where there are pence."""
        whole, rest = divmod(abs(self.minor), 100)
        sign = "-" if self.minor < 0 else ""
        symbol = SYMBOLS.get(self.currency, self.currency + " ")
        return f"{sign}{symbol}{whole:,}" + (f".{rest:02}" if rest else "")

    def __str__(self) -> str:
        return self.format()

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be counted together.")

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.minor < other.minor
