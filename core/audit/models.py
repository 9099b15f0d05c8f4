"""The record of what happened, and the outbox that tells others. Written once; only the sequencer adds the chain."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models.functions import Now

from tenants.registry.seal import Sealed


class AuditEvent(Sealed):
    """One fact. `seq`, `previous_hash` and `hash` stay empty until the sequencer chains it after commit."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=40)
    version = models.PositiveSmallIntegerField(default=1)
    body = models.JSONField()
    actor = models.UUIDField(null=True, help_text="public id of the person who did it; empty: the service")
    subject = models.CharField(max_length=120, blank=True)
    recorded_at = models.DateTimeField(db_default=Now())
    seq = models.BigIntegerField(null=True, unique=True)
    previous_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["recorded_at"], name="audit_event_unchained", condition=models.Q(seq__isnull=True))
        ]

    def __str__(self) -> str:
        return self.kind


class OutboxMessage(Sealed):
    """A message that must reach its listeners or the job queue, written with what caused it."""

    class State(models.TextChoices):
        PENDING = "pending"
        SENT = "sent"
        DONE = "done"
        PARKED = "parked"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    task = models.CharField(max_length=80, help_text="the fixed name of the job")
    queue = models.CharField(max_length=16, default="default")
    payload = models.JSONField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    available_at = models.DateTimeField(db_default=Now())
    created_at = models.DateTimeField(db_default=Now())
    error = models.TextField(blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["available_at"], name="audit_outbox_due", condition=models.Q(state="pending")),
        ]

    def __str__(self) -> str:
        return f"{self.task} {self.state}"


class SigningKey(Sealed):
    """The tenant's one key pair for what it says to all of Scotland. Made once and never exchanged."""

    only = models.BooleanField(primary_key=True, default=True, editable=False)
    public = models.BinaryField(help_text="Ed25519 public key")
    private = models.TextField(help_text="encrypted for this tenant and purpose")
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(only=True), name="audit_signing_key_one")]

    def __str__(self) -> str:
        return "signing key"


class InboxEffect(Sealed):
    """An effect that has happened, in the transaction it happened in: doing it again does nothing."""

    key = models.CharField(max_length=200, primary_key=True)
    happened_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.key
