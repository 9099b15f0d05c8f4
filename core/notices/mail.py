"""Mail: sent by Django's mail interface, which the demo writes to files of the tenant instead of sending anybody."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.utils import formataddr, parseaddr
from pathlib import Path
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from core.kernel.env import environment
from core.kernel.errors import Limited
from plugins.api import PermanentFailure, TemporaryFailure
from tenants.registry.context import TenantRef, current_tenant
from tenants.registry.limits import What, take

SHOWN = 50
BUSY_SECONDS = 60


class Mail:
    """The service's own mail server, as the core and plugins use it (the port `plugins.api.Mail`)."""

    def send(self, *, key: str, to: str, subject: str, body: str, language: str) -> str:
        """Send plain words. Raises PermanentFailure where the server refuses for good, else TemporaryFailure."""
        # The same message sent twice (a worker lost after sending) is one message to a mail program.
        tenant = current_tenant()
        try:
            take(tenant, What.MAILS)
        except Limited as error:
            raise TemporaryFailure("As much mail was sent as may be.", retry_after=error.retry_after) from error
        reference = f"<{key}@{tenant.slug}.commonty>"
        headers = {"Message-ID": reference, "Content-Language": language}
        # Where mail may not leave in the tenant's own name, replies at least reach it.
        reply_to = [tenant.mail_reply] if tenant.mail_reply and not tenant.mail_from else []
        message = EmailMessage(subject, body, sender_line(tenant, language), [to], headers=headers, reply_to=reply_to)
        try:
            message.send()
        except SMTPRecipientsRefused as error:
            if all(code >= 500 for code, _ in error.recipients.values()):
                raise PermanentFailure("The mail server refuses this address.") from error
            raise TemporaryFailure("The mail server is busy.", retry_after=BUSY_SECONDS) from error
        except SMTPResponseException as error:
            if error.smtp_code >= 500:
                raise PermanentFailure("The mail server refuses this message.") from error
            raise TemporaryFailure("The mail server is busy.", retry_after=BUSY_SECONDS) from error
        except (SMTPException, OSError) as error:
            raise TemporaryFailure("The mail server does not answer.", retry_after=BUSY_SECONDS) from error
        return reference


MAIL = Mail()


def sender_line(tenant: TenantRef, language: str) -> str:
    """Whom a letter comes from: the tenant by its name, at its own address only while its domain allows that."""
    ours = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    return formataddr((tenant.name.get(language), tenant.mail_from or ours))


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
