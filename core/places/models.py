"""Areas of a tenant: the council itself and its wards, with boundaries from public data."""

from __future__ import annotations

from django.db import models


class Area(models.Model):
    """A place that a round, a pot or a project can be for."""

    class Kind(models.TextChoices):
        COUNCIL = "council"
        WARD = "ward"

    code = models.CharField(max_length=9, unique=True, help_text="GSS code")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    name = models.CharField(max_length=120)
    name_gd = models.CharField(max_length=120, blank=True)
    latitude = models.DecimalField(max_digits=8, decimal_places=5, null=True)
    longitude = models.DecimalField(max_digits=8, decimal_places=5, null=True)
    boundary = models.JSONField(null=True, help_text="GeoJSON geometry, WGS84")

    class Meta:
        ordering = ["kind", "name"]

    def __str__(self) -> str:
        return self.name
