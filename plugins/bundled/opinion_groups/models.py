"""Statements about a round, what people answer to them, and the map that a worker has last drawn."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Func, Q, Value
from django.db.models.functions import Cast, Now


def whose() -> Cast:
    """Every table of a plugin says whose a row is, from the transaction alone; the host seals the column."""
    return Cast(Func(Value("commonty.tenant"), function="current_setting"), models.UUIDField())


class Statement(models.Model):
    """One thought in a sentence, which others can agree with or not. `author` goes when a person is erased."""

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
    author = models.UUIDField(null=True, help_text="pseudonym; empty once the person was erased")
    text = models.CharField(max_length=400)
    language = models.CharField(max_length=2, default="en")
    state = models.CharField(max_length=9, choices=State.choices, default=State.PUBLISHED)
    reason = models.CharField(max_length=300, blank=True)
    written_at = models.DateTimeField(db_default=Now())
    looked_at = models.DateTimeField(null=True)
    escalated = models.BooleanField(default=False)
    reporters = models.JSONField(default=list, help_text="pseudonyms; emptied when a moderator has decided")

    class Meta:
        indexes = [
            models.Index(fields=["round", "state", "written_at"], name="opinion_groups_st_round"),
            models.Index(fields=["author"], name="opinion_groups_st_author"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Answer(models.Model):
    """What one person says to one statement: 1 agree, -1 disagree, 0 neither. The last answer counts."""

    tenant = models.UUIDField(db_default=whose(), editable=False)
    statement = models.ForeignKey(Statement, on_delete=models.CASCADE, related_name="answers")
    person = models.UUIDField()
    value = models.SmallIntegerField()
    given_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["statement", "person"], name="opinion_groups_an_once"),
            models.CheckConstraint(condition=Q(value__gte=-1, value__lte=1), name="opinion_groups_an_value"),
        ]
        indexes = [models.Index(fields=["person"], name="opinion_groups_an_person")]

    def __str__(self) -> str:
        return str(self.value)


class Map(models.Model):
    """What a worker has drawn of a round: groups, shares and points without anybody's name or pseudonym."""

    tenant = models.UUIDField(db_default=whose(), editable=False)
    round = models.UUIDField(primary_key=True)
    stale = models.BooleanField(default=False, help_text="answers have come in since the worker last began")
    frozen = models.BooleanField(default=False)
    drawn_at = models.DateTimeField(null=True)
    document = models.JSONField(default=dict)

    def __str__(self) -> str:
        return str(self.round)
