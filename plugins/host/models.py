"""Which plugins a tenant uses, and the one-time codes that prove an address."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from tenants.registry.seal import Sealed


class PluginActivation(Sealed):
    """A plugin a tenant uses, from when, by whom, with which settings per module. Ended rows stay as history."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    plugin = models.CharField(max_length=60)
    version = models.CharField(max_length=40)
    settings = models.JSONField(default=dict, help_text="for each module key: version and values")
    activated_at = models.DateTimeField(db_default=Now())
    activated_by = models.UUIDField(null=True, help_text="public id of the person; empty: the service")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.UUIDField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plugin"], condition=Q(ended_at__isnull=True), name="plugin_active_once")
        ]

    def __str__(self) -> str:
        return f"{self.plugin} {self.version}"


class OneTimeCode(Sealed):
    """A code that was sent to an address: keyed digests of both, never either of them. Times by the database."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    address_mac = models.BinaryField(max_length=32)
    code_mac = models.BinaryField(max_length=32)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["address_mac", "created_at"], name="plugin_code_address")]

    def __str__(self) -> str:
        return str(self.id)
