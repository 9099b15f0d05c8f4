"""Residents on a tenant's public host, signed in."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from core.people.services import person_know
from tests.support.http import SiteClient

ISSUER = "https://residents.example"


def resident(tenant: Any, name: str, *, shown: str | None = None) -> SiteClient:
    """A browser of somebody who has signed in; `shown` empty for somebody without a display name."""
    from tenants.registry.context import in_tenant

    with in_tenant(tenant), transaction.atomic():
        display = name.title() if shown is None else shown
        person = person_know(issuer=ISSUER, subject=name, display_name=display)
        client = SiteClient(tenant)
        client.force_login(person, backend="core.people.backends.GrantBackend")
    client.person = person  # type: ignore[attr-defined]
    return client
