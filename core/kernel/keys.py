"""The key port: keys that lie outside the database and outside every backup, and can be destroyed for good.

The demo keeps them in files; production binds a key service. A key never leaves the port: it wraps and unwraps.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import nacl.exceptions
import nacl.secret

from core.kernel.env import environment
from core.kernel.errors import Invalid, NotFound, Refused

NAME = re.compile(r"^[a-z0-9][a-z0-9/_-]{2,200}$")


class KeyPort(Protocol):
    """Named keys that wrap other secrets."""

    def create(self, name: str) -> None:
        """Make a key; making it again changes nothing. Refused once it was destroyed."""

    def exists(self, name: str) -> bool: ...

    def wrap(self, name: str, secret: bytes) -> bytes:
        """Encrypt a secret. Raises NotFound without the key."""

    def unwrap(self, name: str, wrapped: bytes) -> bytes:
        """Decrypt it. Raises NotFound without the key and Invalid for something else than was wrapped."""

    def destroy(self, name: str) -> None:
        """Make everything wrapped with it unreadable for ever."""

    def carry_out(self, name: str) -> bytes | None:
        """The key itself, for a tenant that moves to an installation with keys of its own; None without the key."""

    def carry_in(self, name: str, key: bytes) -> None:
        """Take a key that was carried out elsewhere; again, it changes nothing. Refused once it was destroyed here."""


class FileKeys:
    """Keys as files, one each, readable by their owner only. A destroyed key leaves a marker and is never remade."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def _path(self, name: str) -> Path:
        if not NAME.match(name):
            raise Invalid("This is not a key's name.", code="key.name")
        return self.directory / hashlib.sha256(name.encode()).hexdigest()

    def create(self, name: str) -> None:
        self._write(name, secrets.token_bytes(nacl.secret.SecretBox.KEY_SIZE))

    def carry_out(self, name: str) -> bytes | None:
        path = self._path(name)
        return path.read_bytes() if path.exists() else None

    def carry_in(self, name: str, key: bytes) -> None:
        if len(key) != nacl.secret.SecretBox.KEY_SIZE:
            raise Invalid("This is no key.", code="key.size")
        self._write(name, key)
        if self._path(name).read_bytes() != key:
            raise Refused("Another key of this name is here.", code="key.differs")

    def _write(self, name: str, key: bytes) -> None:
        path = self._path(name)
        if path.with_suffix(".destroyed").exists():
            raise Refused("This key was destroyed.", code="key.destroyed")
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return
        with os.fdopen(handle, "wb") as opened:
            opened.write(key)
            opened.flush()
            os.fsync(opened.fileno())

    def exists(self, name: str) -> bool:
        return self._path(name).exists()

    def _box(self, name: str) -> nacl.secret.SecretBox:
        try:
            return nacl.secret.SecretBox(self._path(name).read_bytes())
        except FileNotFoundError as error:
            raise NotFound("The key for this is gone.", code="key.missing") from error

    def wrap(self, name: str, secret: bytes) -> bytes:
        return bytes(self._box(name).encrypt(secret))

    def unwrap(self, name: str, wrapped: bytes) -> bytes:
        try:
            return bytes(self._box(name).decrypt(wrapped))
        except nacl.exceptions.CryptoError as error:
            raise Invalid("This was wrapped with another key.", code="key.foreign") from error

    def destroy(self, name: str) -> None:
        path = self._path(name)
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.with_suffix(".destroyed").touch()
        if path.exists():
            with path.open("r+b") as opened:
                opened.write(secrets.token_bytes(path.stat().st_size))
                opened.flush()
                os.fsync(opened.fileno())
            path.unlink()


@lru_cache(maxsize=1)
def key_port() -> KeyPort:
    """The key port of this installation."""
    return FileKeys(environment().var_dir / "keys")
