"""Who is a tenant and under which addresses. These tables stand in `public`, and hold nothing about a person."""

from __future__ import annotations

import uuid

from django.db import models
from django_tenants.models import DomainMixin, TenantMixin

from core.kernel.fields import LocalisedTextField
from plugins.api.text import LocalisedText
from tenants.registry.context import TenantRef


class Tenant(TenantMixin):  # type: ignore[misc]  # the base class publishes no types
    """A council, community group, public body, or the hub: one schema, one website, one set of roles."""

    class Kind(models.TextChoices):
        HUB = "hub"
        COUNCIL = "council"
        COMMUNITY = "community"
        PUBLIC_BODY = "public_body"

    class State(models.TextChoices):
        REQUESTED = "requested"
        PRACTICE = "practice"
        ACTIVE = "active"
        SUSPENDED = "suspended"
        LEAVING = "leaving"
        ERASED = "erased"
        MOVED = "moved"

    auto_create_schema = False
    auto_drop_schema = False

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(max_length=40, unique=True)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    name = LocalisedTextField()
    code = models.CharField(max_length=9, blank=True, help_text="GSS code of a council, such as S12000049")
    state = models.CharField(max_length=16, choices=State.choices, default=State.REQUESTED)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="groups")
    accent = models.CharField(max_length=7, blank=True, help_text="one colour, as #rrggbb")
    epoch = models.PositiveIntegerField(default=1, help_text="raised when a restore makes old cookies void")
    signing_key = models.BinaryField(null=True, help_text="Ed25519 public key of the tenant")
    state_before = models.CharField(max_length=16, blank=True, help_text="what a suspended tenant goes back to")
    reason = models.CharField(max_length=300, blank=True, help_text="why it is suspended, for everybody to read")
    mail_from = models.EmailField(blank=True, default="", db_default="", help_text="proved sender; empty: ours")
    mail_reply = models.EmailField(blank=True, default="", db_default="", help_text="where replies to our mail go")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(slug__regex=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"), name="registry_tenant_slug"
            ),
            models.UniqueConstraint(fields=["kind"], condition=models.Q(kind="hub"), name="registry_tenant_one_hub"),
        ]

    def __str__(self) -> str:
        return self.slug

    def __enter__(self) -> None:
        # The base class keeps "the previous tenant" in one list for all threads (security.md T10).
        raise RuntimeError("Never `with tenant:`; use tenants.registry.context.in_tenant(tenant).")

    @property
    def ref(self) -> TenantRef:
        name = self.name if isinstance(self.name, LocalisedText) else LocalisedText(**self.name)
        return TenantRef(
            uuid=self.id,
            slug=self.slug,
            kind=self.kind,
            schema=self.schema_name,
            name=name,
            state=self.state,
            code=self.code,
            accent=self.accent,
            epoch=self.epoch,
            reason=self.reason,
            mail_from=self.mail_from,
            mail_reply=self.mail_reply,
        )


class Domain(DomainMixin):  # type: ignore[misc]  # the base class publishes no types
    """A host name and what it serves. The primary public host is the canonical one."""

    class Purpose(models.TextChoices):
        PUBLIC = "public"
        STAFF = "staff"
        FILES = "files"

    purpose = models.CharField(max_length=8, choices=Purpose.choices, default=Purpose.PUBLIC)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "purpose"],
                condition=models.Q(is_primary=True),
                name="registry_domain_one_primary",
            )
        ]

    def save(self, *args: object, **kwargs: object) -> None:
        # The base class keeps one primary per tenant; here there is one per tenant and purpose.
        models.Model.save(self, *args, **kwargs)  # type: ignore[arg-type]

    def __str__(self) -> str:
        return str(self.domain)


class Quota(models.Model):
    """What the national team has set in place of a default of `limits`; `tenant` empty: for all together."""

    tenant = models.ForeignKey(Tenant, null=True, on_delete=models.CASCADE, related_name="quotas")
    what = models.CharField(max_length=16)
    most = models.PositiveBigIntegerField()
    set_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "what"], name="registry_quota_once", nulls_distinct=False)
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.most}"


class PluginPermit(models.Model):
    """Where the national team lets a plugin be switched on and chosen for new rounds; `tenant` empty: everywhere.

    What nobody has decided is allowed: the operator's own list stands before this (`permits.py`).
    """

    tenant = models.ForeignKey(Tenant, null=True, on_delete=models.CASCADE, related_name="permits")
    plugin = models.CharField(max_length=60)
    allowed = models.BooleanField()
    reason = models.CharField(max_length=300, blank=True, help_text="why it was withdrawn, for officers to read")
    set_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "plugin"], name="registry_permit_once", nulls_distinct=False)
        ]

    def __str__(self) -> str:
        return f"{self.plugin} {self.allowed}"
