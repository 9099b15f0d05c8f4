"""What the office keeps in `public`: the steps of each onboarding, and facts tenants have signed for all to read."""

from __future__ import annotations

from django.db import models

from tenants.registry.models import Tenant


class ProvisioningStep(models.Model):
    """One recorded step of making a tenant. A step that is done is not done again."""

    class State(models.TextChoices):
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        WAITING = "waiting"

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=40)
    state = models.CharField(max_length=8, choices=State.choices)
    attempts = models.PositiveSmallIntegerField(default=0)
    seconds = models.FloatField(default=0)
    error = models.TextField(blank=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="office_step_once")]

    def __str__(self) -> str:
        return f"{self.name}: {self.state}"


class TemplateRelease(models.Model):
    """The structure all schemas are cloned from, as it stood after a migration of the template."""

    fingerprint = models.CharField(max_length=64, unique=True)
    structure = models.TextField()
    migrations = models.JSONField()
    recorded_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.fingerprint[:12]


class SignedFact(models.Model):
    """A public fact a tenant has signed for the whole of Scotland to read: a round that is open, a figure.

    `signature` is Ed25519 by the tenant's key over the canonical JSON (RFC 8785) of `body`. A fact that was taken back
    stays as `{"public": false}` with its moment, so that an older one cannot come back.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="facts")
    kind = models.CharField(max_length=32)
    key = models.CharField(max_length=120)
    body = models.JSONField()
    stated_at = models.DateTimeField(help_text="the moment the tenant signed it")
    digest = models.CharField(max_length=64)
    signature = models.BinaryField()
    taken_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "kind", "key"], name="office_fact_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
