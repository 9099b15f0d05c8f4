"""A message as a signed POST to a service that the council, or the recipient, runs.

A recipient with an address of their own gets it there. Every other message goes to the address in the settings, with
`to`: that service carries it further.

`Commonty-Signature` is `v1=` and the HMAC-SHA256 of the timestamp, a full stop and the body, by the shared key. A
receiver refuses old timestamps, and knows a message that comes twice by its `Idempotency-Key`.
"""

from __future__ import annotations

import hmac
import json
import re
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, SecretStr, field_validator
from pydantic import Field as Setting

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

RELAY = re.compile(r"https://[^\x00-\x20\x7f-\uffff/@?#\\]+(/[\x21-\x7e]*)?")
SHORTEST_KEY = 16
LONGEST_WAIT = 3600


class WebhookSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    relay: str = Setting(
        default="",
        max_length=1000,
        title="Address that messages are posted to",
        description="It begins with https:// and can be reached from the internet. Each message says whom it is for.",
    )
    signing_key: SecretStr = Setting(
        default=SecretStr(""), title="Key that signs messages (16 characters or more; the receiver has it too)"
    )

    @field_validator("relay")
    @classmethod
    def reachable(cls, relay: str) -> str:
        if relay and not RELAY.fullmatch(relay):
            raise ValueError("Write an address such as https://messages.example.org/in, with no password in it.")
        return relay


def signature(key: str, timestamp: str, body: bytes) -> str:
    """What a receiver compares with the header `Commonty-Signature`."""
    return "v1=" + hmac.new(key.encode(), timestamp.encode() + b"." + body, "sha256").hexdigest()


class Webhook(NotificationChannel):
    key: ClassVar[str] = "webhook"
    label: ClassVar[Text] = Text("Webhook", "Dubhan-lìn")
    description: ClassVar[Text] = Text(
        "Messages travel to an address of another service, signed.",
        "Siubhlaidh teachdaireachdan gu seòladh de sheirbheis eile, air an soidhneadh.",
    )
    Settings = WebhookSettings

    def address(self, recipient: RecipientFacts) -> Address | None:
        if recipient.webhook:
            return Address("webhook", recipient.webhook)
        if recipient.phone:
            return Address("phone", recipient.phone)
        return Address("email", recipient.email) if recipient.email else None

    def render_limits(self) -> Limits:
        return Limits()

    def send(self, context: PluginContext, message: Message, settings: Any) -> SendReceipt:
        key = settings.signing_key.get_secret_value()
        if len(key) < SHORTEST_KEY:
            raise PermanentFailure("The key that signs messages is not set, or too short.")
        to = message.to.value if message.to.kind == "webhook" else settings.relay
        if not to:
            raise PermanentFailure("The address that messages are posted to is not set.")
        said: dict[str, Any] = {
            "id": message.idempotency_key,
            "template": message.template,
            "language": message.language,
            "subject": message.subject,
            "body": message.body,
        }
        if message.to.kind != "webhook":
            said["to"] = {message.to.kind: message.to.value}
        body = json.dumps(said, ensure_ascii=False, sort_keys=True).encode()
        timestamp = str(int(context.clock().timestamp()))
        answer = context.http.send(
            "POST",
            to,
            body=body,
            headers={
                "Content-Type": "application/json",
                "Idempotency-Key": message.idempotency_key,
                "Commonty-Timestamp": timestamp,
                "Commonty-Signature": signature(key, timestamp, body),
            },
        )
        if 200 <= answer.status < 300:
            return SendReceipt(message.idempotency_key)
        if answer.status in (408, 425, 429) or answer.status >= 500:
            asked = answer.headers.get("retry-after", "")
            wait = int(asked) if asked.isdigit() and len(asked) < 6 else 60
            raise TemporaryFailure(f"The receiver answered {answer.status}.", retry_after=min(wait or 1, LONGEST_WAIT))
        raise PermanentFailure(f"The receiver answered {answer.status}.")
