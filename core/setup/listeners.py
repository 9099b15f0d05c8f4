"""Of what the office has to hear at once, though nobody of it was there."""

from __future__ import annotations

from core.audit.models import AuditEvent
from core.kernel.env import environment
from core.setup.services import tell_office
from tenants.registry.context import current_tenant
from tenants.registry.hosts import origin

LOST = "lost"
# Where officers read what to do.
PAGES = {"host": "/address/", "address": "/address/mail/"}


def own_lost(event: AuditEvent) -> None:
    """An address of the tenant's own was switched off, or mail no longer leaves in its name."""
    if event.body["state"] != LOST:
        return
    what = "host" if "host" in event.body else "address"
    slug, base = current_tenant().slug, environment().base_domain
    tell_office(
        template="own-address-lost",
        context={
            "what": "website" if what == "host" else "sender",
            "lost": event.body[what],
            "ours": f"{slug}.{base}",
            "link": origin(f"{slug}.staff.{base}") + PAGES[what],
        },
    )
