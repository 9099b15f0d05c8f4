"""Support access that was granted. What was looked at stands in the tenant's own record, which nobody rewrites."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from core.people.models import Person, RoleGrant
from tenants.registry.seal import Sealed


class SupportGrant(Sealed):
    """One grant, by a named officer, for some hours. `role_grant` is set once somebody has come in."""

    id = models.UUIDField(primary_key=True, help_text="the wish's own identifier")
    reason = models.CharField(max_length=500)
    hours = models.PositiveSmallIntegerField()
    granted_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    granted_at = models.DateTimeField(db_default=Now())
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    role_grant = models.OneToOneField(RoleGrant, null=True, on_delete=models.PROTECT, related_name="support")

    class Meta:
        ordering = ["-granted_at"]

    def __str__(self) -> str:
        return self.reason
