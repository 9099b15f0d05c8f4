"""Mail by the service's own mail server, which the core lends; the operator sets it up, and councils share it."""

from __future__ import annotations

from typing import Any, ClassVar

from plugins.api import (
    Address,
    Limits,
    Message,
    NotificationChannel,
    PluginContext,
    RecipientFacts,
    SendReceipt,
    Text,
)


class Email(NotificationChannel):
    key: ClassVar[str] = "email"
    label: ClassVar[Text] = Text("E-mail", "Post-d")
    description: ClassVar[Text] = Text(
        "Messages travel by the mail server of this service.",
        "Siubhlaidh teachdaireachdan tro fhrithealaiche puist-d na seirbheise seo.",
    )

    def address(self, recipient: RecipientFacts) -> Address | None:
        return Address("email", recipient.email) if recipient.email else None

    def render_limits(self) -> Limits:
        return Limits()

    def send(self, context: PluginContext, message: Message, settings: Any) -> SendReceipt:
        reference = context.mail.send(
            key=message.idempotency_key,
            to=message.to.value,
            subject=message.subject,
            body=message.body,
            language=message.language,
        )
        return SendReceipt(reference)
