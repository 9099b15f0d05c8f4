"""Handing a message to whoever carries it: the channels that the tenant has chosen, else the service's own mail.

The first channel that reaches somebody is tried first, and where it fails the next one. What nobody took goes back to
the outbox, which waits as long as the carrier asked, and parks what will never go, where an officer sees it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Count

from core.audit.services import event_record, job_enqueue
from core.kernel.clock import database_now
from core.kernel.errors import CommontyError, Invalid, Unavailable
from core.kernel.jobs import Job, Queue
from core.notices.events import ChannelsChosen
from core.notices.mail import MAIL
from core.notices.models import ChannelChoice, Notice
from plugins.api import (
    DeliveryUpdate,
    Limits,
    Message,
    PermanentFailure,
    RecipientFacts,
    TemporaryFailure,
)
from plugins.host.context import plugin_context
from plugins.host.failures import PluginFailure
from plugins.host.selectors import active_modules, module_settings

KIND = "notification_channel"
UPDATE_JOB = Job("notices.update", Queue.DEFAULT)
OWN_MAIL = "mail"
PHONE = re.compile(r"^\+[1-9][0-9]{7,14}$")
WEBHOOK = re.compile(r"^https://[\x21-\x7e]{3,1000}$")
REMEDY = "The channels are chosen on the page of modules."
DAYS = 7


class NotCarried(Unavailable):
    """No channel took a message. `attempts` is how often it is worth trying, `retry_after` how long to wait first."""

    def __init__(self, message: str, *, code: str, attempts: int, retry_after: int = 0) -> None:
        super().__init__(message, code=code, remedy=REMEDY)
        self.attempts = attempts
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Carried:
    """Which channel took a message, and what the carrier calls it."""

    channel: str
    reference: str


@dataclass(frozen=True, slots=True)
class Words:
    """A message as it was rendered for a channel."""

    subject: str
    body: str


def address_check(by: str, to: str) -> None:
    """Raises Invalid unless `to` is an address of the kind `by`: `email`, `phone` or `webhook`."""
    if by == "email":
        try:
            validate_email(to)
        except ValidationError as error:
            raise Invalid(
                "This is not an e-mail address.", code="notice.address", remedy="Write it like name@example.com."
            ) from error
        return
    if by == "phone" and PHONE.fullmatch(to):
        return
    if by == "webhook" and WEBHOOK.fullmatch(to):
        return
    raise Invalid("Nothing can be sent to this address.", code="notice.address", remedy="Check how it is written.")


def recipient(by: str, to: str, language: str) -> RecipientFacts:
    return RecipientFacts(language=language, **{by: to})


def channels_chosen() -> list[str]:
    """Keys of the current tenant's channels, in order; none where it has the service's own mail."""
    return list(ChannelChoice.objects.order_by("place").values_list("channel", flat=True))


def channels_choose(channels: Sequence[str], *, actor: Any = None) -> None:
    """Choose what carries messages from now on. Raises Invalid for a channel that is not active, or named twice."""
    known = {one.key for one in active_modules(KIND)}
    wrong = [key for key in channels if key not in known]
    if wrong or len(set(channels)) != len(channels):
        raise Invalid("Choose each channel once, among those that are switched on.", code="notice.channels")
    with transaction.atomic():
        ChannelChoice.objects.all().delete()
        ChannelChoice.objects.bulk_create(
            [ChannelChoice(place=place, channel=key) for place, key in enumerate(channels)]
        )
        event_record(ChannelsChosen(channels=list(channels)), actor=actor)


def _reaching(facts: RecipientFacts) -> list[tuple[Any, Any]]:
    """The chosen channels that reach somebody, with the address each would use."""
    active = {one.key: one for one in active_modules(KIND)}
    found = []
    for key in channels_chosen():
        module = active.get(key)
        try:
            address = module.address(facts) if module is not None else None
        except PluginFailure:
            continue
        if address is not None:
            found.append((module, address))
    return found


def reaches(facts: RecipientFacts) -> bool:
    """Whether something of this tenant carries messages to such an address."""
    return bool((facts.email and not channels_chosen()) or _reaching(facts))


def reach_need(facts: RecipientFacts) -> None:
    """Raises Unavailable where nothing of this tenant carries messages to such an address."""
    if not reaches(facts):
        raise Unavailable("No channel carries messages to such an address.", code="notice.no_channel", remedy=REMEDY)


def carry(
    key: UUID, facts: RecipientFacts, written: Callable[[Limits], Words], *, template: str, values: Mapping[str, str]
) -> Carried:
    """Have a message carried; `written` renders it for what a channel can hold. Raises NotCarried."""
    if facts.email and not channels_chosen():
        words = written(Limits())
        try:
            reference = MAIL.send(
                key=str(key), to=facts.email, subject=words.subject, body=words.body, language=facts.language
            )
        except (TemporaryFailure, PermanentFailure) as error:
            raise _not_carried([error]) from error
        return Carried(OWN_MAIL, reference)
    failures: list[Exception] = []
    for module, address in _reaching(facts):
        try:
            settings = module_settings(KIND, module.key)
            limits = module.render_limits()
            words = written(limits)
            if limits.length and len(words.body) > limits.length:
                raise PermanentFailure(f"The message is longer than {limits.length} characters.")
            message = Message(
                str(key), address, words.body, words.subject, facts.language, template=template, values=values
            )
            receipt = module.send(plugin_context(settings, module=(KIND, module.key)), message, settings)
        except (TemporaryFailure, PermanentFailure, CommontyError) as error:
            failures.append(error)
            continue
        return Carried(module.key, receipt.reference[:200])
    raise _not_carried(failures)


def _not_carried(failures: Sequence[Exception]) -> NotCarried:
    """One failure for all channels: what may still go is tried again, a plugin that breaks three times."""
    waits = [one.retry_after for one in failures if isinstance(one, TemporaryFailure)]
    if waits:
        return NotCarried("The carrier is busy.", code="notice.later", attempts=8, retry_after=min(waits))
    if any(not isinstance(one, PermanentFailure) for one in failures):
        return NotCarried("The channel does not work.", code="notice.channel_failed", attempts=3)
    if failures:
        return NotCarried("The carrier refused the message.", code="notice.refused", attempts=1)
    return NotCarried("No channel reaches this address.", code="notice.no_channel", attempts=1)


# -- what carriers tell later -----------------------------------------------------------------------------------------


def delivery_told(channel: str, updates: Sequence[DeliveryUpdate]) -> None:
    """Have a worker note what a carrier has told; its signature was checked. The carrier's own words are left out."""
    told = [[one.reference, one.state.value] for one in updates][:500]
    if told:
        with transaction.atomic():
            job_enqueue(UPDATE_JOB, payload={"channel": channel, "told": told})


def delivery_note(payload: dict[str, Any]) -> None:
    """The worker's part. A receipt that comes late never takes back that a message has arrived."""
    for reference, state in payload["told"]:
        rows = Notice.objects.filter(channel=payload["channel"], reference=reference)
        rows.exclude(delivery=Notice.Delivery.DELIVERED).update(delivery=state)


def delivery_counts() -> list[dict[str, Any]]:
    """Messages of the last week by channel, state and what the carrier told."""
    since = database_now() - timedelta(days=DAYS)
    rows = Notice.objects.filter(created_at__gt=since).values("channel", "state", "delivery")
    return [dict(row) for row in rows.annotate(count=Count("id")).order_by("channel", "state", "delivery")]
