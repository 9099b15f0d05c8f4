"""What was sent to whom: the address and the secret only until it is sent, the fact of sending for good."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models.functions import Now

from tenants.registry.seal import Sealed


class Notice(Sealed):
    """One message to one person. Address and secret are encrypted and emptied once it is sent or has expired."""

    class State(models.TextChoices):
        WAITING = "waiting"
        SENT = "sent"
        EXPIRED = "expired"

    class Delivery(models.TextChoices):
        """What the carrier has told since (the words of the plugins' contract)."""

        ACCEPTED = "accepted"
        DELIVERED = "delivered"
        TEMPORARY_FAILURE = "temporary_failure"
        PERMANENT_FAILURE = "permanent_failure"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    template = models.CharField(max_length=40)
    language = models.CharField(max_length=2)
    context = models.JSONField(default=dict)
    address = models.TextField(blank=True, help_text="encrypted; empty once sent")
    secret = models.TextField(blank=True, help_text="encrypted; empty once sent")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)
    channel = models.CharField(max_length=60, null=True, help_text="key of the channel that took it")
    reference = models.CharField(max_length=200, null=True, help_text="the carrier's own name for it")
    delivery = models.CharField(max_length=20, choices=Delivery.choices, null=True)

    def __str__(self) -> str:
        return f"{self.template} {self.state}"


class ChannelChoice(Sealed):
    """A channel that carries this tenant's messages. The first that reaches somebody is tried first."""

    place = models.PositiveSmallIntegerField(unique=True)
    channel = models.CharField(max_length=60, unique=True)

    def __str__(self) -> str:
        return f"{self.place} {self.channel}"
