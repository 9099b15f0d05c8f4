"""The columns of something that somebody wrote about a subject, and of a mark that somebody has set."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Func, Value
from django.db.models.functions import Cast, Now


def whose() -> Cast:
    """Every table of a plugin says whose a row is, from the transaction alone; the host seals the column."""
    return Cast(Func(Value("commonty.tenant"), function="current_setting"), models.UUIDField())


class Posted(models.Model):
    """Something written. `author` goes when a person is erased."""

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
    author = models.UUIDField(null=True, help_text="pseudonym; empty once the person was erased")
    by_office = models.BooleanField(default=False)
    text = models.TextField()
    language = models.CharField(max_length=2, default="en")
    state = models.CharField(max_length=9, choices=State.choices, default=State.PUBLISHED)
    reason = models.CharField(max_length=300, blank=True)
    written_at = models.DateTimeField(db_default=Now())
    edited_at = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True, help_text="when a moderator last decided; reports before it are done")
    escalated = models.BooleanField(default=False)

    class Meta:
        abstract = True


class Marked(models.Model):
    """What somebody has marked: `about` is what it speaks of, by identifier. A module adds `kind`."""

    REPORT, FROZEN = "report", "frozen"

    tenant = models.UUIDField(db_default=whose(), editable=False)
    about = models.UUIDField()
    person = models.UUIDField(null=True)
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        abstract = True
