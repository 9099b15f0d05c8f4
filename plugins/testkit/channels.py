"""What a notification channel promises. Subclass ChannelContract, name your class, and lend it a carrier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar

from plugins.api import (
    Address,
    DeliveryUpdate,
    Limits,
    Message,
    NotificationChannel,
    PermanentFailure,
    RecipientFacts,
    SendReceipt,
    TemporaryFailure,
)
from plugins.testkit.hostile import BYTES
from plugins.testkit.lending import TestContext
from plugins.testkit.modules import ModuleContract
from plugins.testkit.saying import named


class ChannelContract(ModuleContract):
    """Your test plays the carrier: `carried()` lists what reached it, `failing(status)` makes it refuse for a while
    with "temporary" or "permanent". A channel with callbacks also says in `signed(body)` which headers a true one has,
    and names a `callback`; where its carrier shows a token and does not sign the body, `signs_body` is False."""

    section: ClassVar[str] = "notification-channels"
    pure: ClassVar[bool] = False
    module: ClassVar[type[NotificationChannel]]
    reachable: ClassVar[RecipientFacts] = RecipientFacts(
        email="ada@example.org", phone="+447700900123", webhook="https://example.org/hook"
    )
    callback: ClassVar[bytes] = b""
    signs_body: ClassVar[bool] = True

    def context(self) -> Any:
        return TestContext(settings=self.settings)

    def carried(self) -> Sequence[Any]:
        self.need(False, "write `carried()` in your test: what reached the carrier.")
        return ()

    def failing(self, how: str) -> AbstractContextManager[Any]:
        self.need(False, "write `failing(how)` in your test: a carrier that refuses.")
        raise AssertionError

    def signed(self, body: bytes) -> Mapping[str, str]:
        self.need(False, "write `signed(body)` in your test: the headers of a true callback.")
        return {}

    def message(self, key: str, to: Address, words: str = "Your ballot is in the box.") -> Message:
        limits = self.one.render_limits()
        return Message(key, to, words[: limits.length or None], subject="Commonty" if limits.subject else "")

    def test_it_reaches_whom_it_can_and_nobody_else(self) -> None:
        address = self.one.address(self.reachable)
        self.need(isinstance(address, Address) and address.value, "`address` reaches nobody of `reachable`.")
        self.need(self.one.address(RecipientFacts()) is None, "`address` of somebody without addresses is not None.")

    def test_its_limits_are_limits(self) -> None:
        limits = self.one.render_limits()
        self.need(isinstance(limits, Limits) and limits.length >= 0, "`render_limits` answers no Limits.")

    def test_the_same_message_is_sent_once(self) -> None:
        to, context = self.one.address(self.reachable), self.context()
        before = len(self.carried())
        first = self.one.send(context, self.message("key-once", to), self.settings)
        second = self.one.send(context, self.message("key-once", to), self.settings)
        both = isinstance(first, SendReceipt) and isinstance(second, SendReceipt) and first.reference
        self.need(both, "`send` answers no SendReceipt with a reference.")
        self.need(first.reference == second.reference, "the same idempotency key gets two references.")
        self.need(len(self.carried()) == before + 1, f"one message was carried {len(self.carried()) - before} times.")
        self.one.send(context, self.message("key-other", to), self.settings)
        self.need(len(self.carried()) == before + 2, "another message was not carried.")

    def test_failures_are_told_apart(self) -> None:
        to = self.one.address(self.reachable)
        for how, expected in (("temporary", TemporaryFailure), ("permanent", PermanentFailure)):
            try:
                with self.failing(how):
                    self.one.send(self.context(), self.message(f"key-{how}", to), self.settings)
            except expected as error:
                if isinstance(error, TemporaryFailure):
                    self.need(error.retry_after > 0, "a temporary failure is to be tried again at once.")
            except Exception as error:  # noqa: BLE001  # an author reads what it was
                self.need(False, f"a {how} failure of the carrier becomes {named(error)}.")
            else:
                self.need(False, f"a {how} failure of the carrier is taken for success.")

    def test_a_callback_without_its_signature_is_refused(self) -> None:
        if not self.callback:
            self.need(
                list(self.one.updates({}, b"", self.settings)) == [], "callbacks are answered, and `callback` is empty."
            )
            return
        true = self.signed(self.callback)
        updates = list(self.one.updates(true, self.callback, self.settings))
        sound = updates and all(isinstance(one, DeliveryUpdate) and one.reference for one in updates)
        self.need(sound, "a true callback brings no DeliveryUpdate.")
        forged: list[tuple[Mapping[str, str], bytes]] = [({}, self.callback)]
        forged += [(true, self.callback + b" ")] if self.signs_body else []
        forged += [(dict.fromkeys(true, "x"), self.callback)]
        forged += [(true, body) for body in BYTES if body != self.callback]
        for headers, body in forged:
            try:
                self.one.updates(headers, body, self.settings)
            except PermanentFailure:
                continue
            except Exception as error:  # noqa: BLE001  # an author reads what it was
                self.need(False, f"a forged callback raised {named(error)}; raise PermanentFailure.")
            self.need(False, "a callback with a wrong signature is believed.")
