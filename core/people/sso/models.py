"""What the registry knows of a tenant's sign-in. Stands in `public`; the salt itself is in the tenant's schema."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class TenantSignIn(models.Model):
    """One for each tenant: how to tell that its salt is still its own, and which of its keys is in use."""

    tenant = models.OneToOneField(
        "registry.Tenant", primary_key=True, on_delete=models.CASCADE, related_name="sign_in", db_column="tenant_id"
    )
    salt_mark = models.CharField(max_length=64, help_text="SHA-256 of the salt of the tenant's subjects")
    client_key = models.PositiveIntegerField(default=1, help_text="raised to exchange the key of the tenant's clients")
    provider = models.CharField(
        max_length=61, blank=True, db_default="", help_text="alias of the council's own provider, which brings officers"
    )
    provider_domains = models.CharField(
        max_length=500,
        blank=True,
        db_default="",
        help_text="what stands behind the @ of its officers",
    )
    provider_groups = models.BooleanField(
        default=False, db_default=False, help_text="whether that provider tells in which groups an officer is"
    )
    made_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.salt_mark[:12]
