"""What the office keeps in `public`: steps of onboarding, releases of schemas, erasures, moves and signed facts."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

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
    """What all schemas are cloned from and brought up to, as it stood after a migration of the template.

    `fingerprint` is the structure's alone; `mark` also covers the record of migrations, the seal and the rights, so
    that a release which only changes a right reaches every schema too.
    """

    mark = models.CharField(max_length=64, unique=True)
    fingerprint = models.CharField(max_length=64)
    lines = models.JSONField(help_text="the structure line by line, to say in which one a schema differs")
    structure = models.TextField(help_text="the structure as SQL")
    migrations = models.JSONField()
    said = models.JSONField(
        default=dict, db_default={}, help_text="what each plain migration said to the template, as SQL"
    )
    recorded_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.mark[:12]


class SchemaRelease(models.Model):
    """The ledger of the fleet: one schema and one release, how often it was tried and how that ended."""

    class State(models.TextChoices):
        PENDING = "pending"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="releases")
    release = models.ForeignKey(TemplateRelease, on_delete=models.CASCADE, related_name="schemas")
    state = models.CharField(max_length=8, choices=State.choices)
    cohort = models.PositiveSmallIntegerField(default=1, help_text="0: the canaries, which go first")
    attempts = models.PositiveSmallIntegerField(default=0)
    seconds = models.FloatField(default=0)
    error = models.TextField(blank=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["cohort", "id"]
        constraints = [models.UniqueConstraint(fields=["tenant", "release"], name="office_schema_release_once")]

    def __str__(self) -> str:
        return self.state


class Erasure(models.Model):
    """A tenant that is to be erased, or was: by whose word, when, and what its last file was.

    No foreign key: it outlives what it speaks of, and is asked before an address or a file is taken again.
    """

    tenant = models.UUIDField(unique=True)
    slug = models.CharField(max_length=40)
    schema = models.CharField(max_length=63)
    reason = models.CharField(max_length=300)
    first_by = models.CharField(max_length=80)
    first_at = models.DateTimeField(db_default=Now())
    second_by = models.CharField(max_length=80, blank=True)
    due_at = models.DateTimeField(null=True, help_text="not before; set when the second person has agreed")
    export_digest = models.CharField(max_length=64, blank=True, help_text="of the last file")
    erased_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~models.Q(second_by=models.F("first_by")), name="office_erasure_two"),
            models.CheckConstraint(
                condition=models.Q(erased_at__isnull=True) | ~models.Q(second_by=""), name="office_erasure_agreed"
            ),
        ]

    def __str__(self) -> str:
        return self.slug


class Arrival(models.Model):
    """A tenant that came here as a file: which one, and whether everything was done that its place here asks for."""

    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, related_name="arrival")
    digest = models.CharField(max_length=64, help_text="of the file")
    begun_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.digest[:12]


class Move(models.Model):
    """A tenant on its way to another cell, step by step. It stays afterwards, to lead visitors on.

    The database knows a tenant's move, so a command that was cut off is run again and goes on from here.
    """

    class Step(models.TextChoices):
        BEGUN = "begun"
        FROZEN = "frozen"
        EXPORTED = "exported"
        IMPORTED = "imported"
        REDIRECTED = "redirected"
        CLEARED = "cleared"

    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, related_name="move")
    cell = models.CharField(max_length=40)
    step = models.CharField(max_length=10, choices=Step.choices, default=Step.BEGUN)
    by = models.CharField(max_length=80)
    file = models.CharField(max_length=500, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    origins = models.JSONField(default=dict, help_text="purpose of a host to its origin at the other cell")
    begun_at = models.DateTimeField(db_default=Now())
    redirected_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.cell}: {self.step}"


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
