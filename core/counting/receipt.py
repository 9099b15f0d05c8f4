"""What is stored and published of a receipt: a digest of its code, never the code and never a choice."""

from __future__ import annotations

import hashlib

LABEL = b"commonty receipt 1\0"


def receipt_hash(code: str) -> bytes:
    """SHA-256 of the code in its plain form (upper case, no hyphens or spaces), 32 bytes."""
    plain = "".join(sign for sign in code.upper() if sign.isalnum())
    return hashlib.sha256(LABEL + plain.encode()).digest()


def box_digest(box: bytes) -> bytes:
    """SHA-256 of a sealed box, as published at the seal."""
    return hashlib.sha256(box).digest()
