"""Arguments for and against, and what people have marked. Other things are named by identifier alone."""

from __future__ import annotations

from django.db import models

from plugins.bundled.posting.models import Marked, Posted


class Argument(Posted):
    """One reason for or against a project."""

    class Side(models.TextChoices):
        FOR = "for"
        AGAINST = "against"

    side = models.CharField(max_length=7, choices=Side.choices)

    class Meta:
        indexes = [
            models.Index(fields=["subject", "written_at"], name="arguments_subject"),
            models.Index(fields=["author"], name="arguments_author"),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.id}"


class Mark(Marked):
    """An argument that somebody finds well argued or has reported, a round that is frozen."""

    class Kind(models.TextChoices):
        GOOD = "good"
        REPORT = Marked.REPORT
        FROZEN = Marked.FROZEN

    kind = models.CharField(max_length=6, choices=Kind.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "about", "person"], name="arguments_mark_once", nulls_distinct=False
            )
        ]
        indexes = [models.Index(fields=["person"], name="arguments_mark_person")]

    def __str__(self) -> str:
        return f"{self.kind} {self.about}"
