"""The list of a round: for each person a keyed digest of what they will be asked, and nothing that can be read back."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Func, Value
from django.db.models.functions import Cast, Now


def whose() -> Cast:
    """Every table of a plugin says whose a row is, from the transaction alone; the host seals the column."""
    return Cast(Func(Value("commonty.tenant"), function="current_setting"), models.UUIDField())


class RollList(models.Model):
    """The list that was handed in for a round. `columns` are those it had, with strokes between them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.UUIDField(db_default=whose(), editable=False)
    round = models.UUIDField(unique=True)
    columns = models.CharField(max_length=120)
    people = models.PositiveIntegerField()
    taken_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"list of {self.round}"


class RollLine(models.Model):
    """One person on a list. `area` is a code, where the list has areas."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.UUIDField(db_default=whose(), editable=False)
    list = models.ForeignKey(RollList, on_delete=models.CASCADE, related_name="lines")
    digest = models.BinaryField(max_length=32)
    area = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["list", "digest"], name="roll_match_line_once")]

    def __str__(self) -> str:
        return str(self.id)
