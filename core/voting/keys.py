"""The keys of a round, and what is derived with them. What they open stays shut wherever the key port does not stand.

Two secrets lie wrapped beside the round, each under a key of its own in the key port: one for casting, which web
processes unwrap, and one for opening, which only the worker that counts unwraps, after two people have agreed.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import secrets
from dataclasses import dataclass
from uuid import UUID

from core.kernel.crypto import BoxKeys, box_keypair
from core.kernel.ids import reference_from
from core.kernel.keys import key_port

SIZE = 32
BLOCK = 64  # of SHA-256, for HMAC
RECEIPT_LETTERS = 12  # of five bits each: 60 bits and a check character


@dataclass(frozen=True, slots=True)
class CastKeys:
    """Secrets of 32 bytes: for pseudonyms, for the body's code, for the roll, for receipts and for the log."""

    pseudonym: bytes
    mac: bytes
    roll: bytes
    receipt: bytes
    log: bytes

    def pseudonym_of(self, entry: UUID) -> bytes:
        return hmac.digest(self.pseudonym, entry.bytes, "sha256")

    def mac_of(self, pseudonym: bytes, ballot: bytes) -> bytes:
        """A code of who and what together, so that equal ballots of two people never look alike."""
        return hmac.digest(self.mac, pseudonym + ballot, "sha256")

    def roll_mac(self, namespace: str, value: str) -> bytes:
        return hmac.digest(self.roll, f"{namespace}\0{value}".encode(), "sha256")

    def receipt_of(self, pseudonym: bytes, key: bytes) -> str:
        """The receipt of the ballot that this person sends with this key: the same whenever it is asked for.

        It does not depend on what is chosen: sent again after the close, another ballot finds the same receipt, so
        that nobody learns a choice by trying.
        """
        for number in itertools.count():
            said = hmac.digest(self.receipt, number.to_bytes(2, "big") + pseudonym + key, "sha256")
            if code := reference_from(said, RECEIPT_LETTERS):
                return code
        raise AssertionError

    def log_pads(self) -> tuple[bytes, bytes]:
        """The inner and outer pad of HMAC with the log's key (RFC 2104), for the database to compute with."""
        padded = self.log.ljust(BLOCK, b"\0")
        return bytes(b ^ 0x36 for b in padded), bytes(b ^ 0x5C for b in padded)

    def box_mark(self, box: bytes) -> bytes:
        """What the log holds of a box: a keyed digest of its digest."""
        return hmac.digest(self.log, hashlib.sha256(box).digest(), "sha256")


@dataclass(frozen=True, slots=True)
class CountKeys:
    """The box's private key, and the seed of the order that decides ties."""

    box_private: bytes
    tie_seed: bytes


@dataclass(frozen=True, slots=True)
class NewKeys:
    """Everything made at opening: the public key, both secrets wrapped, and the seed for its commitment."""

    box_public: bytes
    cast_wrapped: bytes
    count_wrapped: bytes
    tie_seed: bytes


def _name(tenant: UUID, round_id: UUID, what: str) -> str:
    return f"tenant/{tenant}/round/{round_id}/{what}"


def key_names(tenant: UUID, round_id: UUID) -> tuple[str, str]:
    """Under which names a round's keys stand in the key port."""
    return _name(tenant, round_id, "cast"), _name(tenant, round_id, "count")


def keys_make(tenant: UUID, round_id: UUID) -> NewKeys:
    """New keys for a round, wrapped by keys made in the key port under the round's own names."""
    port = key_port()
    pair: BoxKeys = box_keypair()
    seed = secrets.token_bytes(SIZE)
    cast_name, count_name = key_names(tenant, round_id)
    port.create(cast_name)
    port.create(count_name)
    return NewKeys(
        box_public=pair.public,
        cast_wrapped=port.wrap(cast_name, secrets.token_bytes(5 * SIZE)),
        count_wrapped=port.wrap(count_name, pair.private + seed),
        tie_seed=seed,
    )


def keys_forget(tenant: UUID, round_id: UUID) -> None:
    """Destroy the keys of a round for good."""
    for name in key_names(tenant, round_id):
        key_port().destroy(name)


def cast_keys(tenant: UUID, round_id: UUID, wrapped: bytes) -> CastKeys:
    """Raises NotFound once the round's keys were destroyed."""
    plain = key_port().unwrap(_name(tenant, round_id, "cast"), wrapped)
    return CastKeys(*(plain[start : start + SIZE] for start in range(0, 5 * SIZE, SIZE)))


def count_keys(tenant: UUID, round_id: UUID, wrapped: bytes) -> CountKeys:
    """Raises NotFound once the round's keys were destroyed."""
    plain = key_port().unwrap(_name(tenant, round_id, "count"), wrapped)
    return CountKeys(plain[:SIZE], plain[SIZE:])
