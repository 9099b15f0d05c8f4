"""Keys, tokens, boxes and signatures. libsodium through PyNaCl, HKDF through cryptography; nothing of our own.

Keys are derived per purpose and tenant (HKDF-SHA256, RFC 5869) from the service's secret; older secrets stay valid
for opening as fallbacks.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import nacl.exceptions
import nacl.public
import nacl.secret
import nacl.signing
import rfc8785
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.kernel.env import environment
from core.kernel.errors import Invalid

PAD = 256


@lru_cache(maxsize=8192)
def _derive(secret: str, purpose: str, tenant: UUID | None) -> bytes:
    info = f"commonty/{purpose}/{tenant or 'national'}".encode()
    return HKDF(algorithm=SHA256(), length=32, salt=b"commonty", info=info).derive(secret.encode())


def derive(purpose: str, tenant: UUID | None = None) -> bytes:
    """The current 32-byte key for a purpose of a tenant."""
    return _derive(environment().secret_key, purpose, tenant)


def derive_all(purpose: str, tenant: UUID | None = None) -> list[bytes]:
    """The current key and those of the fallback secrets, newest first."""
    return [_derive(secret, purpose, tenant) for secret in _secrets()]


def _secrets() -> tuple[str, ...]:
    settings = environment()
    return (settings.secret_key, *settings.secret_key_fallbacks)


@lru_cache(maxsize=8192)
def _token_box(secret: str, purpose: str, tenant: UUID) -> nacl.secret.SecretBox:
    return nacl.secret.SecretBox(_derive(secret, f"token/{purpose}", tenant))


def mac(purpose: str, tenant: UUID | None, data: bytes) -> bytes:
    """HMAC-SHA256 with the derived key."""
    return hmac.digest(derive(purpose, tenant), data, "sha256")


def canonical_json(value: Any) -> bytes:
    """The one way to write a JSON value (RFC 8785)."""
    return bytes(rfc8785.dumps(value))


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def token_seal(purpose: str, tenant: UUID, payload: dict[str, Any], *, ttl: timedelta | None) -> str:
    """An encrypted, authenticated, address-safe token that only this purpose of this tenant can open."""
    expires = int(time.time() + ttl.total_seconds()) if ttl else 0
    plain = json.dumps({"t": str(tenant), "u": purpose, "e": expires, "p": payload}, separators=(",", ":"))
    sealed = _token_box(environment().secret_key, purpose, tenant).encrypt(plain.encode())
    return base64.urlsafe_b64encode(bytes(sealed)).rstrip(b"=").decode()


def token_open(purpose: str, tenant: UUID, token: str) -> dict[str, Any]:
    """The payload of a token. Raises Invalid: `token.expired`, or `token.invalid` for anything else."""
    try:
        sealed = base64.urlsafe_b64decode(token.encode() + b"=" * (-len(token) % 4))
    except (ValueError, UnicodeEncodeError) as error:
        raise _bad_token() from error
    for secret in _secrets():
        try:
            document = json.loads(_token_box(secret, purpose, tenant).decrypt(sealed))
        except (nacl.exceptions.CryptoError, ValueError):
            continue
        if document["t"] != str(tenant) or document["u"] != purpose:
            break
        if document["e"] and document["e"] < time.time():
            raise Invalid("This link or form has expired.", code="token.expired", remedy="Start again from the page.")
        payload: dict[str, Any] = document["p"]
        return payload
    raise _bad_token()


def _bad_token() -> Invalid:
    return Invalid(
        "This is not something we have given out.", code="token.invalid", remedy="Start from the page again."
    )


@dataclass(frozen=True, slots=True)
class BoxKeys:
    """A key pair of a sealed box (X25519), 32 bytes each."""

    public: bytes
    private: bytes


def box_keypair() -> BoxKeys:
    private = nacl.public.PrivateKey.generate()
    return BoxKeys(public=bytes(private.public_key), private=bytes(private))


def pad(data: bytes) -> bytes:
    """Length first, then zeros up to the next 256 bytes, so that length tells nothing about choices."""
    framed = len(data).to_bytes(4, "big") + data
    return framed + b"\0" * (-len(framed) % PAD)


def unpad(data: bytes) -> bytes:
    length = int.from_bytes(data[:4], "big")
    if length > len(data) - 4:
        raise Invalid("A sealed box holds something else than a ballot.", code="box.padding")
    return data[4 : 4 + length]


def box_seal(public: bytes, plaintext: bytes) -> bytes:
    """A sealed box (libsodium) around the padded text: whoever sealed it cannot open it."""
    return bytes(nacl.public.SealedBox(nacl.public.PublicKey(public)).encrypt(pad(plaintext)))


def box_open(private: bytes, box: bytes) -> bytes:
    """The text of a sealed box. Raises Invalid when it was not sealed for this key."""
    try:
        return unpad(bytes(nacl.public.SealedBox(nacl.public.PrivateKey(private)).decrypt(box)))
    except nacl.exceptions.CryptoError as error:
        raise Invalid("A sealed box does not open with this round's key.", code="box.foreign") from error


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """An Ed25519 key pair, 32 bytes each."""

    public: bytes
    private: bytes


def sign_keypair() -> SigningKeys:
    key = nacl.signing.SigningKey.generate()
    return SigningKeys(public=bytes(key.verify_key), private=bytes(key))


def sign(private: bytes, data: bytes) -> bytes:
    """An Ed25519 signature of 64 bytes."""
    return bytes(nacl.signing.SigningKey(private).sign(data).signature)


def verify(public: bytes, data: bytes, signature: bytes) -> bool:
    try:
        nacl.signing.VerifyKey(public).verify(data, signature)
    except (nacl.exceptions.BadSignatureError, nacl.exceptions.ValueError):
        return False
    return True
