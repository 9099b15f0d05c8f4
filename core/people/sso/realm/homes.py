"""Which council has a provider of its own: told to the registry once Keycloak knows it, so that its staff host sends
officers straight there. Nobody types an address to be sent home by."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import transaction

from core.people.sso.models import TenantSignIn
from core.people.sso.realm.broker_files import Broker
from core.people.sso.realm.changes import Change
from tenants.registry.context import in_public


def _wanted(brokers: list[Broker]) -> dict[str, tuple[str, str]]:
    return {
        one.tenant: (one.alias, " ".join(sorted(one.domains)))
        for one in brokers
        if one.tenant and one.settings["enabled"]
    }


def _differing(brokers: list[Broker]) -> list[tuple[TenantSignIn, tuple[str, str]]]:
    wanted = _wanted(brokers)
    with in_public():
        rows = list(TenantSignIn.objects.select_related("tenant"))
    found = [(row, wanted.get(row.tenant.slug, ("", ""))) for row in rows]
    return [(row, home) for row, home in found if (row.provider, row.provider_domains) != home]


def homes_plan(realm: str, brokers: list[Broker]) -> Iterator[Change]:
    for row, (alias, domains) in _differing(brokers):
        wanted = f"{alias} {domains}".strip() or "nothing"
        is_now = f"{row.provider} {row.provider_domains}".strip() or "nothing"
        yield Change(realm, "change", "home of officers", row.tenant.slug, "provider", is_now, wanted)


def homes_note(brokers: list[Broker]) -> None:
    """Write it down, last of all: an officer is sent only where somebody answers."""
    for row, (alias, domains) in _differing(brokers):
        with in_public(), transaction.atomic():
            TenantSignIn.objects.filter(pk=row.pk).update(provider=alias, provider_domains=domains)
