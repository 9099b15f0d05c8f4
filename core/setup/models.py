"""What has been settled, what was accepted, and who is invited."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models.functions import Now

from core.kernel.fields import LocalisedTextField
from core.people.models import RoleGrant
from tenants.registry.seal import Sealed


class SetupItem(Sealed):
    """One item of the first list, once somebody has settled it. `answers` is what residents may read of it."""

    key = models.CharField(max_length=20, primary_key=True)
    answers = models.JSONField(default=dict)
    done_by = models.UUIDField(help_text="public id of the person")
    done_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.key


class Acceptance(Sealed):
    """A version of a published document, accepted by one person for the tenant. Written once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=12)
    key = models.CharField(max_length=40)
    version = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    variation = LocalisedTextField(help_text="where the tenant differs, in its own words; empty: as published")
    role = models.CharField(max_length=24)
    person = models.UUIDField(help_text="public id of the person")
    accepted_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-version", "-accepted_at"]

    def __str__(self) -> str:
        return f"{self.kind} {self.key} v{self.version}"


class Invitation(Sealed):
    """Somebody is invited to a role; whoever opens the link and signs in takes it, once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    role = models.CharField(max_length=16, choices=RoleGrant.Role.choices)
    address = models.TextField(blank=True, help_text="encrypted; kept while there may be something to tell them")
    language = models.CharField(max_length=2, default="en")
    made_at = models.DateTimeField(db_default=Now())
    ends_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    used_by = models.UUIDField(null=True)

    def __str__(self) -> str:
        return self.role
