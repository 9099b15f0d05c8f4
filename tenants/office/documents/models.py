"""One version of one document. Written once; a later version replaces it without removing it."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from core.kernel.fields import LocalisedTextField


class PublishedDocument(models.Model):
    """A document as the national site has signed it: digest and signature are over the canonical JSON of `signed`."""

    class Kind(models.TextChoices):
        GUIDANCE = "guidance"
        POLICY = "policy"
        AGREEMENT = "agreement"
        ASSURANCE = "assurance"

    kind = models.CharField(max_length=12, choices=Kind.choices)
    key = models.SlugField(max_length=40)
    version = models.PositiveIntegerField()
    title = LocalisedTextField()
    body = LocalisedTextField()
    change = LocalisedTextField(help_text="what is different from the version before")
    signed = models.JSONField()
    digest = models.CharField(max_length=64)
    signature = models.BinaryField()
    published_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["kind", "key", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "key", "version"], name="published_document_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key} v{self.version}"
