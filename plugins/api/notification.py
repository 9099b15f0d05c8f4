"""Carrying a message to somebody: what a notification channel is and the values it speaks in."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from plugins.api.kinds import Module, PluginContext


@dataclass(frozen=True, slots=True)
class RecipientFacts:
    """How somebody could be reached, as far as the core knows and they have agreed to."""

    email: str = ""
    phone: str = ""
    webhook: str = ""
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Address:
    """Where this channel would carry a message: a word for the kind, and the address itself."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What a rendered message may hold on this channel. `length` counts characters of the body; 0 is no limit."""

    length: int = 0
    subject: bool = True
    html: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """A rendered message. The same `idempotency_key` is sent once, however often it is handed over."""

    idempotency_key: str
    to: Address
    body: str
    subject: str = ""
    language: str = "en"
    template: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SendReceipt:
    """The carrier's word that it has taken a message, and its own name for it."""

    reference: str


class DeliveryState(StrEnum):
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    TEMPORARY_FAILURE = "temporary_failure"
    PERMANENT_FAILURE = "permanent_failure"


@dataclass(frozen=True, slots=True)
class DeliveryUpdate:
    """What the carrier has told later about a message it took."""

    reference: str
    state: DeliveryState
    detail: str = ""


class NotificationChannel(Module):
    """Carries rendered messages. Settings hold its secrets, which the host keeps encrypted."""

    @abstractmethod
    def address(self, recipient: RecipientFacts) -> Address | None:
        """Where this channel would reach them, or None where it cannot."""

    @abstractmethod
    def render_limits(self) -> Limits:
        """What a message may hold."""

    @abstractmethod
    def send(self, context: PluginContext, message: Message, settings: Any) -> SendReceipt:
        """Hand the message over. Raises TemporaryFailure or PermanentFailure; anything else counts as temporary,
        three times."""

    def updates(self, headers: Mapping[str, str], body: bytes, settings: Any) -> Sequence[DeliveryUpdate]:
        """What a callback of the carrier says. The signature is checked first; a bad one raises PermanentFailure."""
        return ()
