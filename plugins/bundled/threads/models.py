"""What people have written about a subject, and what they have marked. Other things are named by identifier alone."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from plugins.bundled.posting.models import Marked, Posted


class Post(Posted):
    """A comment, a question to the proposer, or a reply under one of them. `author` goes when a person is erased."""

    class Kind(models.TextChoices):
        COMMENT = "comment"
        QUESTION = "question"
        REPLY = "reply"

    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="replies")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    answered_at = models.DateTimeField(null=True)

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


class Mark(Marked):
    """A post that somebody reported, a person whose words somebody does not want to see, a round that is frozen."""

    class Kind(models.TextChoices):
        REPORT = Marked.REPORT
        MUTE = "mute"
        FROZEN = Marked.FROZEN

    kind = models.CharField(max_length=6, choices=Kind.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "about", "person"], name="threads_mark_once", nulls_distinct=False)
        ]
        indexes = [models.Index(fields=["person"], name="threads_mark_person")]

    def __str__(self) -> str:
        return f"{self.kind} {self.about}"
