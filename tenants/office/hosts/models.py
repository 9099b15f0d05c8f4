"""What a tenant has asked for and what its domain's records said last. No person stands here."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from tenants.registry.models import Tenant


class OwnHost(models.Model):
    """A host name that a tenant wants its public website to have. Only a proved one stands among the registry's hosts.

    Asking claims nothing: several may ask for the same name, and whoever proves it has it.
    """

    class State(models.TextChoices):
        ASKED = "asked"
        PROVED = "proved"
        LOST = "lost"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="own_hosts")
    host = models.CharField(max_length=240)
    token = models.CharField(max_length=64, help_text="what the record must hold; a new one after every loss")
    state = models.CharField(max_length=8, choices=State.choices, default=State.ASKED)
    leads_here = models.BooleanField(default=False, help_text="the name has an address in common with ours")
    asked_at = models.DateTimeField(db_default=Now())
    looked_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True, help_text="the last look to which name servers had an answer")
    proved_at = models.DateTimeField(null=True)
    next_look_at = models.DateTimeField(null=True)
    registered_at = models.DateTimeField(null=True, help_text="since when people can sign in at it")

    class Meta:
        ordering = ["host"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "host"], name="own_host_once_a_tenant"),
            models.UniqueConstraint(fields=["host"], condition=Q(state="proved"), name="own_host_proved_once"),
        ]
        indexes = [models.Index(fields=["next_look_at"], name="own_host_due")]

    def __str__(self) -> str:
        return f"{self.host} {self.state}"


class OwnSender(models.Model):
    """The address a tenant wants its mail to come from. Until `good`, mail is ours, with this address for replies."""

    tenant = models.OneToOneField(Tenant, primary_key=True, on_delete=models.CASCADE, related_name="own_sender")
    address = models.EmailField()
    token = models.CharField(max_length=64)
    good = models.BooleanField(default=False)
    found = models.JSONField(default=dict, help_text="what each record said at the last look")
    asked_at = models.DateTimeField(db_default=Now())
    looked_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    next_look_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["next_look_at"], name="own_sender_due")]

    def __str__(self) -> str:
        return f"{self.address} {'good' if self.good else 'not used'}"
