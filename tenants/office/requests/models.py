"""A group's request for a space, and a link between a group and a council. Neither names a person.

Whom to reach stands in the practice space itself, in the group's own schema.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from tenants.registry.models import Tenant


class SpaceRequest(models.Model):
    """A group asks for a space. Its practice space is a tenant from the first minute; a person decides on the rest."""

    class State(models.TextChoices):
        WAITING = "waiting"
        ASKED = "asked"
        ACCEPTED = "accepted"
        REFUSED = "refused"

    class Standing(models.TextChoices):
        CONSTITUTED = "constituted"
        HOSTED = "hosted"
        FORMING = "forming"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    space = models.OneToOneField(Tenant, on_delete=models.CASCADE, related_name="space_request")
    standing = models.CharField(max_length=12, choices=Standing.choices)
    host_body = models.CharField(max_length=120, blank=True)
    area = models.CharField(max_length=120)
    purpose = models.CharField(max_length=500)
    council = models.ForeignKey(
        Tenant, null=True, on_delete=models.PROTECT, related_name="requests_received", help_text="empty: the nation's"
    )
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    words = models.TextField(max_length=2000, blank=True, help_text="the question or the reasons, to the group")
    reply = models.TextField(max_length=2000, blank=True, help_text="what the group answered to a question")
    asked_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["due_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="accepted") | Q(state="waiting") | ~Q(words=""), name="space_request_says_why"
            )
        ]

    def __str__(self) -> str:
        return f"{self.space_id} {self.state}"


class GroupLink(models.Model):
    """A group and a council show each other what `shares` names. Either may end it; both must want it first."""

    class Side(models.TextChoices):
        GROUP = "group"
        COUNCIL = "council"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    group = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="links")
    council = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="group_links")
    shares = models.JSONField()
    asked_by = models.CharField(max_length=8, choices=Side.choices)
    asked_at = models.DateTimeField(db_default=Now())
    agreed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=8, choices=Side.choices, blank=True)

    class Meta:
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(fields=["group"], condition=Q(ended_at__isnull=True), name="space_link_one_open")
        ]

    def __str__(self) -> str:
        return f"{self.group_id} {self.council_id}"
