"""The channels that ship with Commonty keep the contract, against carriers that speak the real ones' language."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError

from core.kernel.env import environment
from plugins.api import Address, Message, PermanentFailure, RecipientFacts, SendReceipt, TemporaryFailure
from plugins.bundled.channel_email.channel import Email
from plugins.bundled.channel_file.channel import ToFile
from plugins.bundled.channel_notify.channel import NotifyEmail, NotifyText, token
from plugins.bundled.channel_webhook.channel import Webhook, signature
from plugins.host import outbound
from plugins.host.outbound import Outbound
from plugins.testkit import ChannelContract
from plugins.testkit.lending import NOW, TestContext
from tests.support.carrier import Asked, Carrier, carrier

SERVICE_ID = "26785a09-ab16-4eb0-8407-a37497a57506"
SECRET = "3d844edf-8d35-48ac-975b-e847b4f122b0"
API_KEY = f"council-{SERVICE_ID}-{SECRET}"
TEMPLATE = "f33517ff-2a88-4f6e-b855-c550268ce08a"
CALLBACK = "a bearer token of some length"
KEY = "0123456789abcdef"


@pytest.fixture(autouse=True)
def local(monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = environment().model_copy(update={"http_local": True})
    monkeypatch.setattr(outbound, "environment", lambda: allowed)


def error(status: int, name: str) -> tuple[int, bytes]:
    return status, json.dumps({"status_code": status, "errors": [{"error": name, "message": "Told"}]}).encode()


@dataclass
class NotifyApi:
    """GOV.UK Notify, as its documentation says it answers. `refusing` is a status and the name of an error."""

    taken: list[dict[str, Any]] = field(default_factory=list)
    refusing: tuple[int, str] | None = None

    def __call__(self, asked: Asked) -> tuple[int, bytes]:
        if not self._known(asked.headers.get("authorization", "")):
            return error(403, "AuthError")
        if self.refusing:
            return error(*self.refusing)
        way = urlsplit(asked.path)
        if asked.method == "GET":
            wanted = parse_qs(way.query)["reference"]
            found = [one for one in self.taken if [one["reference"]] == wanted]
            return 200, json.dumps({"notifications": found, "links": {}}).encode()
        body = json.loads(asked.body)
        named = "email_address" if way.path.endswith("/email") else "phone_number"
        if body["template_id"] != TEMPLATE or not body[named]:
            return error(400, "ValidationError")
        made = {"id": f"740e5834-3a29-46b4-9a6f-16142fde{len(self.taken):04}", **body}
        self.taken.append(made)
        return 201, json.dumps(made).encode()

    @staticmethod
    def _known(header: str) -> bool:
        """The token is checked as a server does: algorithm, signature, service and age."""
        scheme, _, jwt = header.partition(" ")
        parts = jwt.split(".")
        if scheme != "Bearer" or len(parts) != 3:
            return False
        head, claims, signed = (urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in parts)
        right = hmac.digest(SECRET.encode(), f"{parts[0]}.{parts[1]}".encode(), "sha256")
        told = json.loads(claims)
        young = abs(told["iat"] - NOW.timestamp()) <= 30
        return (
            json.loads(head) == {"typ": "JWT", "alg": "HS256"}
            and hmac.compare_digest(signed, right)
            and told["iss"] == SERVICE_ID
            and young
        )


class _NotifyContract(ChannelContract):
    """Notify is a process-wide service here: it is begun for each test and stopped after it."""

    # Notify shows a bearer token and does not sign what it sends.
    signs_body: ClassVar[bool] = False
    callback = json.dumps({"id": "740e5834-3a29-46b4-9a6f-16142fde03a7", "status": "delivered"}).encode()

    @pytest.fixture(autouse=True)
    def notify(self) -> Iterator[None]:
        self.api = NotifyApi()
        with carrier(self.api) as up:
            self.chosen = {  # type: ignore[misc]  # the address is known once the service stands
                "api_key": API_KEY,
                "template": TEMPLATE,
                "callback_token": CALLBACK,
                "service": up.url,
            }
            yield

    def context(self) -> Any:
        return TestContext(settings=self.settings, http=Outbound(()))

    def carried(self) -> Sequence[Any]:
        return self.api.taken

    @contextmanager
    def failing(self, how: str) -> Iterator[None]:
        self.api.refusing = (429, "RateLimitError") if how == "temporary" else (400, "BadRequestError")
        yield

    def signed(self, body: bytes) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {CALLBACK}"}


class TestNotifyEmail(_NotifyContract):
    module = NotifyEmail

    def test_notify_is_told_what_the_template_shows(self) -> None:
        to = self.one.address(self.reachable)
        self.one.send(self.context(), self.message("key", to, "Tha a’ bhòt agad sa bhogsa."), self.settings)
        (sent,) = self.api.taken
        assert sent["email_address"] == "ada@example.org"
        assert sent["personalisation"] == {"subject": "Commonty", "body": "Tha a’ bhòt agad sa bhogsa."}
        assert sent["reference"] == "key"


class TestNotifyText(_NotifyContract):
    module = NotifyText

    def test_what_notify_answers_is_told_apart(self) -> None:
        to = self.one.address(self.reachable)
        waits = []
        for refusing in ((429, "RateLimitError"), (429, "TooManyRequestsError"), (500, "Exception"), (502, "")):
            self.api.refusing = refusing
            with pytest.raises(TemporaryFailure) as raised:
                self.one.send(self.context(), self.message("key", to), self.settings)
            waits.append(raised.value.retry_after)
        assert waits == [60, 3600, 60, 60]
        self.api.refusing = None
        for change in ({"api_key": f"council-{SERVICE_ID}-{SECRET[:-1]}1"}, {"api_key": "none"}, {"template": ""}):
            other = self.module.Settings.model_validate({**self.chosen, **change})
            with pytest.raises(PermanentFailure):
                self.one.send(self.context(), self.message("key", to), other)
        assert self.api.taken == []

    def test_without_an_agreed_token_no_callback_is_believed(self) -> None:
        none = self.module.Settings.model_validate({**self.chosen, "callback_token": ""})
        for header in ("Bearer ", "", "Bearer"):
            with pytest.raises(PermanentFailure):
                self.one.updates({"authorization": header}, self.callback, none)


def test_the_token_is_that_of_the_documentation() -> None:
    head, claims, _ = token(API_KEY, 1_764_000_000).split(".")
    assert json.loads(urlsafe_b64decode(head + "==")) == {"typ": "JWT", "alg": "HS256"}
    assert json.loads(urlsafe_b64decode(claims + "==")) == {"iss": SERVICE_ID, "iat": 1_764_000_000}


class TestWebhook(ChannelContract):
    module = Webhook
    chosen = {"signing_key": KEY}

    @pytest.fixture(autouse=True)
    def receiver(self) -> Iterator[None]:
        """A receiver that checks the signature and takes a key once, as the README asks."""
        self.taken: dict[str, bytes] = {}
        self.status = 200
        self.up = Carrier("")

        def answering(asked: Asked) -> tuple[int, bytes]:
            right = signature(KEY, asked.headers["commonty-timestamp"], asked.body)
            if not hmac.compare_digest(right, asked.headers["commonty-signature"]):
                return 403, b""
            if self.status == 200:
                self.taken.setdefault(asked.headers["idempotency-key"], asked.body)
            return self.status, b"https://127.0.0.1/" if self.status == 302 else b""

        with carrier(answering) as self.up:
            self.reachable = RecipientFacts(webhook=f"{self.up.url}/hook")  # type: ignore[misc]  # known by now
            yield

    def context(self) -> Any:
        return TestContext(settings=self.settings, http=Outbound(("*",)))

    def carried(self) -> Sequence[Any]:
        return list(self.taken)

    @contextmanager
    def failing(self, how: str) -> Iterator[None]:
        self.status = 503 if how == "temporary" else 302
        yield

    def test_another_key_signs_nothing_and_inner_addresses_are_not_called(self) -> None:
        other = self.module.Settings.model_validate({"signing_key": KEY[::-1]})
        short = self.module.Settings.model_validate({"signing_key": "short"})
        to = self.one.address(self.reachable)
        for settings, address in ((other, to), (short, to), (self.settings, Address("webhook", "https://10.0.0.1/"))):
            with pytest.raises(PermanentFailure):
                self.one.send(self.context(), self.message("key", address), settings)
        assert self.taken == {}

    def test_a_message_for_somebody_goes_to_the_address_in_the_settings_and_says_whom_it_is_for(self) -> None:
        somebody = (RecipientFacts(email="a@example.org"), RecipientFacts(phone="+447700900123"))
        unset = self.settings
        relayed = self.module.Settings.model_validate({"signing_key": KEY, "relay": "https://messages.example.org/in"})
        relayed = relayed.model_copy(update={"relay": f"{self.up.url}/in"})
        for number, facts in enumerate(somebody):
            message = self.message(f"key-{number}", self.one.address(facts))
            with pytest.raises(PermanentFailure, match="not set"):
                self.one.send(self.context(), message, unset)
            assert self.one.send(self.context(), message, relayed).reference == f"key-{number}"
        assert [asked.path for asked in self.up.asked] == ["/in", "/in"]
        assert [json.loads(body)["to"] for body in self.taken.values()] == [
            {"email": "a@example.org"},
            {"phone": "+447700900123"},
        ]
        inner = relayed.model_copy(update={"relay": "https://10.0.0.1/in"})
        with pytest.raises(PermanentFailure):
            self.one.send(self.context(), self.message("key-9", self.one.address(somebody[0])), inner)
        wrong = ("http://example.org/", "https://a:b@example.org/", "https://", "ftp://example.org", "https://a b.org/")
        for address in wrong:
            with pytest.raises(ValidationError, match="Write an address"):
                self.module.Settings.model_validate({"relay": address})


class _Mail:
    """The core's port: a message with a key it knows is the same message."""

    def __init__(self) -> None:
        self.sent: dict[str, str] = {}
        self.refusing: Exception | None = None

    def send(self, *, key: str, to: str, subject: str, body: str, language: str) -> str:
        if self.refusing:
            raise self.refusing
        self.sent.setdefault(key, to)
        return f"<{key}@alpha.commonty>"


class TestEmail(ChannelContract):
    module = Email

    @pytest.fixture(autouse=True)
    def server(self) -> None:
        self.mail = _Mail()

    def context(self) -> Any:
        return TestContext(settings=self.settings, mail=self.mail)

    def carried(self) -> Sequence[Any]:
        return list(self.mail.sent)

    @contextmanager
    def failing(self, how: str) -> Iterator[None]:
        self.mail.refusing = TemporaryFailure("busy") if how == "temporary" else PermanentFailure("no")
        yield


class TestToFile(ChannelContract):
    module = ToFile

    @pytest.fixture(autouse=True)
    def letter_box(self, tmp_path: Path, settings: Any) -> None:
        self.place = tmp_path
        self.django = settings
        self.django.MESSAGE_FILES = tmp_path

    def carried(self) -> Sequence[Any]:
        return sorted(self.place.glob("*/*.eml"))

    @contextmanager
    def failing(self, how: str) -> Iterator[None]:
        """A folder that cannot be written may be mended; one that the operator has not named is no folder."""
        in_the_way = self.place / "file"
        in_the_way.touch()
        self.django.MESSAGE_FILES = in_the_way if how == "temporary" else None
        yield

    def test_councils_have_folders_of_their_own(self) -> None:
        message = Message("key", Address("phone", "+447700900123"), "Words", "Subject")
        for tenant in ("tenant-a", "tenant-b"):
            assert isinstance(self.one.send(TestContext(tenant), message, self.settings), SendReceipt)
        assert [path.parent.name for path in self.carried()] == ["tenant-a", "tenant-b"]
        assert "To: +447700900123" in self.carried()[0].read_text("utf-8")
