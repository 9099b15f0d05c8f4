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

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    template = models.CharField(max_length=40)
    language = models.CharField(max_length=2)
    context = models.JSONField(default=dict)
    address = models.TextField(blank=True, help_text="encrypted; empty once sent")
    secret = models.TextField(blank=True, help_text="encrypted; empty once sent")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.template} {self.state}"
