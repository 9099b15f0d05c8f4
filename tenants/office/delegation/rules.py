"""The rules of the ledger, without a database: which act moves how much from which account to which, and who may.

Double entry: every act takes an amount out of one account of its delegation and puts the same amount into another, so
that at any moment offered = accepted + declined + lapsed + pending, and accepted = awarded + returned + unspent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from core.kernel.errors import Refused


class Account(StrEnum):
    """Where money of a delegation stands. `given` is the giver's pot, from which it comes."""

    GIVEN = "given"
    PENDING = "pending"
    DECLINED = "declined"
    LAPSED = "lapsed"
    UNSPENT = "unspent"
    AWARDED = "awarded"
    RETURNED = "returned"


class Party(StrEnum):
    """Who does an act. The office acts for time that has run out and for a group that has left."""

    GIVER = "giver"
    RECEIVER = "receiver"
    OFFICE = "office"


@dataclass(frozen=True, slots=True)
class Move:
    """From one account to another. `whole`: everything that stands in the first, never a part."""

    party: Party
    source: Account
    target: Account
    whole: bool = False


class Act(StrEnum):
    OFFER = "offer"
    CANCEL = "cancel"
    LAPSE = "lapse"
    DECLINE = "decline"
    ACCEPT = "accept"
    AWARD = "award"
    WITHDRAW_AWARD = "withdraw_award"
    RETURN = "return"
    LEAVE = "leave"


MOVES: Mapping[Act, Move] = {
    Act.OFFER: Move(Party.GIVER, Account.GIVEN, Account.PENDING),
    Act.CANCEL: Move(Party.GIVER, Account.PENDING, Account.LAPSED, whole=True),
    Act.LAPSE: Move(Party.OFFICE, Account.PENDING, Account.LAPSED, whole=True),
    Act.DECLINE: Move(Party.RECEIVER, Account.PENDING, Account.DECLINED, whole=True),
    Act.ACCEPT: Move(Party.RECEIVER, Account.PENDING, Account.UNSPENT, whole=True),
    Act.AWARD: Move(Party.RECEIVER, Account.UNSPENT, Account.AWARDED),
    Act.WITHDRAW_AWARD: Move(Party.RECEIVER, Account.AWARDED, Account.UNSPENT),
    Act.RETURN: Move(Party.RECEIVER, Account.UNSPENT, Account.RETURNED),
    Act.LEAVE: Move(Party.OFFICE, Account.UNSPENT, Account.RETURNED, whole=True),
}

Booking = tuple[Account, Account, int]


@dataclass(frozen=True, slots=True)
class Balances:
    """What stands where, in pence."""

    pending: int = 0
    declined: int = 0
    lapsed: int = 0
    unspent: int = 0
    awarded: int = 0
    returned: int = 0

    @property
    def accepted(self) -> int:
        return self.awarded + self.returned + self.unspent

    @property
    def offered(self) -> int:
        return self.accepted + self.declined + self.lapsed + self.pending


def balances_of(bookings: Iterable[Booking]) -> Balances:
    """The balances after these bookings."""
    sums = dict.fromkeys(Account, 0)
    for source, target, amount in bookings:
        sums[source] -= amount
        sums[target] += amount
    return Balances(**{account.value: sums[account] for account in Account if account is not Account.GIVEN})


def amount_checked(act: Act, amount: int, balances: Balances) -> int:
    """The amount this act moves. Raises Refused, with what could be moved, for any other."""
    move = MOVES[act]
    if type(amount) is not int or amount <= 0:
        raise Refused(
            "An amount is more than nothing.",
            code="delegation.amount",
            remedy="Give an amount above £0.",
        )
    if move.source is Account.GIVEN:
        return amount
    available: int = getattr(balances, move.source.value)
    if available == 0:
        raise Refused(
            f"Nothing of this delegation is {move.source.value} any more.",
            code="delegation.nothing_there",
            remedy="Look at its line: somebody may have done this already.",
        )
    if amount > available or (move.whole and amount != available):
        raise Refused(
            f"{available} pence are {move.source.value}, and the act speaks of {amount}.",
            code="delegation.amount",
            remedy="Name exactly what stands there." if move.whole else "Name no more than stands there.",
        )
    return amount
