"""A banner: whom it is for, what it says, and from when until when."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models.functions import Now

from core.kernel.fields import LocalisedTextField
from tenants.registry.models import Tenant


class Banner(models.Model):
    """Shown from its making until its end; `tenant` empty for every tenant."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, null=True, on_delete=models.CASCADE, related_name="banners")
    words = LocalisedTextField()
    made_at = models.DateTimeField(db_default=Now())
    ends_at = models.DateTimeField()

    class Meta:
        ordering = ["-made_at"]

    def __str__(self) -> str:
        return str(self.id)
