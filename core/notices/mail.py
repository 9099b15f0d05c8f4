"""Mail of a demo: Django's mail interface, written to files of the tenant that sends instead of to anybody."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from core.kernel.env import environment
from tenants.registry.context import current_tenant

SHOWN = 50


def _directory() -> Path:
    return environment().var_dir / "mail" / str(current_tenant().uuid)


class FileBackend(BaseEmailBackend):
    """One `.eml` file for each message, named by its Message-ID: the same message twice is one file."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Raises NoTenant outside a tenant."""
        directory = _directory()
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        for mail in email_messages:
            message = mail.message()
            name = re.sub(r"[^A-Za-z0-9-]", "", str(message["Message-ID"]).partition("@")[0])
            fresh = directory / f"{name}.new"
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "wb") as opened:
                opened.write(message.as_bytes())
            fresh.replace(directory / f"{name}.eml")
        return len(email_messages)


@dataclass(frozen=True, slots=True)
class WrittenMail:
    """A message as the demo's page shows it; `written` is UTC."""

    to: str
    subject: str
    language: str
    body: str
    written: datetime


def written_mail() -> list[WrittenMail]:
    """The current tenant's latest messages, newest first."""
    directory = _directory()
    if not directory.is_dir():
        return []
    files = sorted(directory.glob("*.eml"), key=lambda path: path.stat().st_mtime, reverse=True)[:SHOWN]
    return [_read(path) for path in files]


def _read(path: Path) -> WrittenMail:
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    part = message.get_body(preferencelist=("plain",))
    return WrittenMail(
        to=str(message["To"]),
        subject=str(message["Subject"]),
        language=str(message["Content-Language"] or "en"),
        body=part.get_content() if part else "",
        written=datetime.fromtimestamp(path.stat().st_mtime, tz=UTC),
    )
