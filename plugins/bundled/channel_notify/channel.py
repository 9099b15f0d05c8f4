"""GOV.UK Notify: e-mail and text messages, by its REST API (docs.notifications.service.gov.uk/rest-api.html).

A request is authorised by a JSON Web Token of its own, signed with HS256 by the last 36 characters of the API key; the
36 before them name the service. Notify keeps our key of a message as its `reference` but does not refuse a second
message with it, so it is asked first whether it has that one. A callback shows the bearer token that was agreed.
"""

from __future__ import annotations

import hmac
import json
import re
from abc import abstractmethod
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, SecretStr
from pydantic import Field as Setting

from plugins.api import (
    Address,
    DeliveryState,
    DeliveryUpdate,
    HttpAnswer,
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

SERVICE = "https://api.notifications.service.gov.uk"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
API_KEY = re.compile(rf"^.*({UUID})-({UUID})$")
LONGEST_TEXT = 918
"""Characters of a text message that Notify takes: six parts."""
SOON, TOMORROW = 60, 3600
STATES: Mapping[str, DeliveryState] = {
    "delivered": DeliveryState.DELIVERED,
    "permanent-failure": DeliveryState.PERMANENT_FAILURE,
    "technical-failure": DeliveryState.PERMANENT_FAILURE,
    "temporary-failure": DeliveryState.TEMPORARY_FAILURE,
    "created": DeliveryState.ACCEPTED,
    "sending": DeliveryState.ACCEPTED,
    "pending": DeliveryState.ACCEPTED,
    "sent": DeliveryState.ACCEPTED,
}


class NotifySettings(BaseModel):
    """`template` is the one in Notify that shows what we write; see the README."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    api_key: SecretStr = Setting(default=SecretStr(""), title="API key")
    template: str = Setting(default="", max_length=40, title="Template ID")
    callback_token: SecretStr = Setting(default=SecretStr(""), title="Bearer token for delivery receipts")
    service: str = Setting(default=SERVICE, max_length=200, title="Address of the API")


def _part(value: Mapping[str, Any] | bytes) -> bytes:
    plain = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    return urlsafe_b64encode(plain).rstrip(b"=")


def token(api_key: str, now: int) -> str:
    """The token of one request; `now` in seconds since 1970 UTC. Raises PermanentFailure for what is no API key."""
    parts = API_KEY.match(api_key.strip())
    if parts is None:
        raise PermanentFailure("The API key of GOV.UK Notify is not set, or is none.")
    signed = _part({"typ": "JWT", "alg": "HS256"}) + b"." + _part({"iss": parts[1], "iat": now})
    return (signed + b"." + _part(hmac.digest(parts[2].encode(), signed, "sha256"))).decode()


def _read(answer: HttpAnswer) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {}


class _Notify(NotificationChannel):
    """What both ways share. `way` is the last part of the address, `field` names the recipient."""

    Settings = NotifySettings
    way: ClassVar[str]
    field: ClassVar[str]

    @abstractmethod
    def told(self, message: Message) -> dict[str, str]:
        """The fields that Notify wants for this way."""

    def send(self, context: PluginContext, message: Message, settings: Any) -> SendReceipt:
        if not settings.template:
            raise PermanentFailure("No template of GOV.UK Notify is named.")
        query = urlencode({"reference": message.idempotency_key})
        known = self._asked(context, settings, "GET", f"?{query}").get("notifications")
        for one in known if isinstance(known, list) else ():
            if isinstance(one, dict) and one.get("reference") == message.idempotency_key and one.get("id"):
                return SendReceipt(str(one["id"]))
        body = {
            self.field: message.to.value,
            "template_id": settings.template,
            "personalisation": self.told(message),
            "reference": message.idempotency_key,
        }
        taken = self._asked(context, settings, "POST", f"/{self.way}", body).get("id")
        if not taken:
            raise TemporaryFailure("GOV.UK Notify took the message and gave it no name.")
        return SendReceipt(str(taken))

    def _asked(
        self, context: PluginContext, settings: Any, method: str, way: str, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """What Notify answers to a request it takes. Raises as its documented errors mean it."""
        bearer = token(settings.api_key.get_secret_value(), int(context.clock().timestamp()))
        answer = context.http.send(
            method,
            f"{settings.service.rstrip('/')}/v2/notifications{way}",
            body=json.dumps(body).encode() if body is not None else b"",
            headers={"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"},
        )
        if answer.status in (200, 201):
            return _read(answer)
        errors = _read(answer).get("errors")
        named = str(errors[0].get("error")) if isinstance(errors, list) and errors and errors[0] else ""
        said = f"GOV.UK Notify answered {answer.status} {named}".strip()
        if answer.status == 429:
            # Too many in a minute, or more than a day's allowance.
            raise TemporaryFailure(said, retry_after=SOON if named == "RateLimitError" else TOMORROW)
        if 300 <= answer.status < 500:
            raise PermanentFailure(said)
        raise TemporaryFailure(said, retry_after=SOON)

    def updates(self, headers: Mapping[str, str], body: bytes, settings: Any) -> Sequence[DeliveryUpdate]:
        right = settings.callback_token.get_secret_value()
        given = {name.lower(): value for name, value in headers.items()}.get("authorization", "")
        if not right or not hmac.compare_digest(given.encode(), f"Bearer {right}".encode()):
            raise PermanentFailure("The callback does not show the right token.")
        try:
            told = json.loads(body)
            reference, state = told["id"], STATES[told["status"]]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise PermanentFailure("The callback is no delivery receipt.") from error
        if not isinstance(reference, str) or not re.fullmatch(UUID, reference):
            raise PermanentFailure("The callback names no message.")
        return (DeliveryUpdate(reference, state, str(told["status"])),)


class NotifyEmail(_Notify):
    key: ClassVar[str] = "notify-email"
    label: ClassVar[Text] = Text("E-mail by GOV.UK Notify", "Post-d le GOV.UK Notify")
    description: ClassVar[Text] = Text(
        "Messages travel as e-mail by GOV.UK Notify, from your own account there.",
        "Siubhlaidh teachdaireachdan mar phost-d le GOV.UK Notify, bhon chunntas agaibh fhèin an sin.",
    )
    way: ClassVar[str] = "email"
    field: ClassVar[str] = "email_address"

    def address(self, recipient: RecipientFacts) -> Address | None:
        return Address("email", recipient.email) if recipient.email else None

    def render_limits(self) -> Limits:
        return Limits()

    def told(self, message: Message) -> dict[str, str]:
        return {"subject": message.subject, "body": message.body}


class NotifyText(_Notify):
    key: ClassVar[str] = "notify-sms"
    label: ClassVar[Text] = Text("Text message by GOV.UK Notify", "Teachdaireachd teacsa le GOV.UK Notify")
    description: ClassVar[Text] = Text(
        "Messages travel to mobile phones by GOV.UK Notify, from your own account there.",
        "Siubhlaidh teachdaireachdan gu fònaichean-làimhe le GOV.UK Notify, bhon chunntas agaibh fhèin an sin.",
    )
    way: ClassVar[str] = "sms"
    field: ClassVar[str] = "phone_number"

    def address(self, recipient: RecipientFacts) -> Address | None:
        return Address("phone", recipient.phone) if recipient.phone else None

    def render_limits(self) -> Limits:
        return Limits(length=LONGEST_TEXT, subject=False)

    def told(self, message: Message) -> dict[str, str]:
        return {"body": message.body}
