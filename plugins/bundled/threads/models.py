"""What people have written about a subject, and what they have marked. Other things are named by identifier alone."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Func, Q, Value
from django.db.models.functions import Cast, Now


def whose() -> Cast:
    """Every table of a plugin says whose a row is, from the transaction alone; the host seals the column."""
    return Cast(Func(Value("commonty.tenant"), function="current_setting"), models.UUIDField())


class Post(models.Model):
    """A comment, a question to the proposer, or a reply under one of them. `author` goes when a person is erased."""

    class Kind(models.TextChoices):
        COMMENT = "comment"
        QUESTION = "question"
        REPLY = "reply"

    class State(models.TextChoices):
        PUBLISHED = "published"
        WAITING = "waiting"
        EDIT = "edit"
        HIDDEN = "hidden"
        REDACTED = "redacted"
        WITHDRAWN = "withdrawn"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.UUIDField(db_default=whose(), editable=False)
    round = models.UUIDField()
    subject_kind = models.CharField(max_length=16)
    subject = models.UUIDField()
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="replies")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    author = models.UUIDField(null=True, help_text="pseudonym; empty once the person was erased")
    by_office = models.BooleanField(default=False)
    text = models.TextField()
    language = models.CharField(max_length=2, default="en")
    state = models.CharField(max_length=9, choices=State.choices, default=State.PUBLISHED)
    reason = models.CharField(max_length=300, blank=True)
    written_at = models.DateTimeField(db_default=Now())
    edited_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True, help_text="when a moderator last decided; reports before it are done")
    escalated = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["subject", "written_at"], name="threads_post_subject"),
            models.Index(fields=["author"], name="threads_post_author"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="reply", parent__isnull=False) | (~Q(kind="reply") & Q(parent__isnull=True)),
                name="threads_post_reply_has_parent",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class Mark(models.Model):
    """A post that somebody reported, a person whose words somebody does not want to see, a round that is frozen."""

    class Kind(models.TextChoices):
        REPORT = "report"
        MUTE = "mute"
        FROZEN = "frozen"

    tenant = models.UUIDField(db_default=whose(), editable=False)
    kind = models.CharField(max_length=6, choices=Kind.choices)
    about = models.UUIDField()
    person = models.UUIDField(null=True)
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "about", "person"], name="threads_mark_once", nulls_distinct=False)
        ]
        indexes = [models.Index(fields=["person"], name="threads_mark_person")]

    def __str__(self) -> str:
        return f"{self.kind} {self.about}"
