"""What councils and groups ask the national team for: a module that is not there yet."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from tenants.registry.models import Tenant


class ModuleWish(models.Model):
    """A module somebody would like, why, and what became of it. Nothing about a person."""

    class State(models.TextChoices):
        NEW = "new"
        LOOKED_AT = "looked_at"
        PLANNED = "planned"
        DONE = "done"
        DECLINED = "declined"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="module_wishes")
    what = models.CharField(max_length=120)
    why = models.TextField(max_length=2000)
    state = models.CharField(max_length=10, choices=State.choices, default=State.NEW)
    answer = models.TextField(max_length=2000, blank=True, help_text="to those who asked; needed to decline")
    asked_at = models.DateTimeField(db_default=Now())
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-asked_at", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(state="declined") | ~Q(answer=""), name="module_wish_says_why")
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.state}"
