"""What the editors' pages do on events."""

from __future__ import annotations

from urllib.parse import urlsplit

from wagtail.models import Site

from core.audit.models import AuditEvent
from tenants.registry.hosts import origin


def site_follow(event: AuditEvent) -> None:
    """The editors' pages have the address that the registry now calls the canonical one."""
    address = urlsplit(origin(event.body["host"]))
    site = Site.objects.get(is_default_site=True)
    site.hostname, site.port = address.hostname, address.port or 443
    # Saved as a model, so that Wagtail forgets the paths it has kept.
    site.save(update_fields=["hostname", "port"])
