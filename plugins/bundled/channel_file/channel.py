"""Messages as files, for a demo: where the operator has named a folder, and nowhere else."""

from __future__ import annotations

import os
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

from django.conf import settings as django_settings

from plugins.api import (
    Address,
    Limits,
    Message,
    NotificationChannel,
    PermanentFailure,
    PluginContext,
    RecipientFacts,
    SendReceipt,
    TemporaryFailure,
    Text,
)


class ToFile(NotificationChannel):
    """One file for each message, named after its key, so that the same message twice is one file."""

    key: ClassVar[str] = "file"
    label: ClassVar[Text] = Text("Files (for a demo)", "Faidhlichean (airson taisbeanadh)")
    description: ClassVar[Text] = Text(
        "Messages are written to files of this machine and reach nobody.",
        "Thèid teachdaireachdan a sgrìobhadh gu faidhlichean an inneil seo agus cha ruig iad duine.",
    )

    def address(self, recipient: RecipientFacts) -> Address | None:
        if recipient.email:
            return Address("email", recipient.email)
        return Address("phone", recipient.phone) if recipient.phone else None

    def render_limits(self) -> Limits:
        return Limits()

    def send(self, context: PluginContext, message: Message, settings: Any) -> SendReceipt:
        folder = getattr(django_settings, "MESSAGE_FILES", None)
        if folder is None:
            raise PermanentFailure("The operator has named no folder for messages.")
        name = sha256(message.idempotency_key.encode()).hexdigest()[:32]
        mail = EmailMessage()
        mail["To"], mail["Subject"] = message.to.value, message.subject
        mail["Content-Language"], mail["Message-ID"] = message.language, f"<{name}@file>"
        mail.set_content(message.body)
        try:
            _write(Path(folder) / context.tenant_key, name, mail.as_bytes())
        except OSError as error:
            raise TemporaryFailure("The folder for messages cannot be written.") from error
        return SendReceipt(name)


def _write(place: Path, name: str, data: bytes) -> None:
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = place / f"{name}.new"
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as opened:
        opened.write(data)
    fresh.replace(place / f"{name}.eml")
