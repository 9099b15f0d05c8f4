"""What is asked in a round, and what was answered. Answers of residents lead to nobody and end with the sheet."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from core.rounds.models import Round
from tenants.registry.seal import Sealed


class Sheet(Sealed):
    """One instrument of one framework in one round: its questions as they were when it was chosen, and its state.

    `counts` is how often each answer was given, by question; it is empty until the sheet is closed, and a closed sheet
    is never opened again, so that nobody learns one person's answer from two looks at a figure.
    """

    class State(models.TextChoices):
        CHOSEN = "chosen"
        OPEN = "open"
        CLOSED = "closed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    round = models.ForeignKey(Round, on_delete=models.CASCADE, related_name="sheets")
    module = models.CharField(max_length=80)
    instrument = models.CharField(max_length=120)
    audience = models.CharField(max_length=20)
    moment = models.CharField(max_length=20)
    keep_days = models.PositiveIntegerField(help_text="days for which answers of a closed sheet are kept")
    settings = models.JSONField(default=dict, help_text="of the module, for this round")
    form = models.JSONField(default=dict, help_text="the questions, frozen with the choice")
    state = models.CharField(max_length=8, choices=State.choices, default=State.CHOSEN)
    counts = models.JSONField(default=dict)
    agreed = models.BooleanField(default=False, db_default=False, help_text="whether the team agreed on what counts")
    said = models.JSONField(default=list, help_text="free words as pairs of question and text, in no order of time")
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["round", "module", "instrument"], name="evaluation_sheet_once_per_round"),
            models.CheckConstraint(condition=Q(state__in=["chosen", "open", "closed"]), name="evaluation_sheet_state"),
            models.CheckConstraint(
                condition=Q(state="closed", closed_at__isnull=False) | (~Q(state="closed") & Q(counts={})),
                name="evaluation_counts_after_closing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.instrument} {self.state}"


class Response(Sealed):
    """What one person, or the team together, answered on one sheet. A resident's has no author and no time."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sheet = models.ForeignKey(Sheet, on_delete=models.CASCADE, related_name="responses")
    answers = models.JSONField(default=dict)
    author = models.UUIDField(null=True, help_text="public id of the person of staff; empty: a resident")
    agreed = models.BooleanField(default=False, help_text="what those who answered apart have agreed on")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sheet", "author"], condition=Q(agreed=False), name="evaluation_one_answer_each"
            ),
            models.UniqueConstraint(fields=["sheet"], condition=Q(agreed=True), name="evaluation_agreed_once"),
        ]

    def __str__(self) -> str:
        return "agreed" if self.agreed else "apart"
