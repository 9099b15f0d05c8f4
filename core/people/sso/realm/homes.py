"""Which council has a provider of its own: told to the registry once Keycloak knows it, so that its staff host sends
officers straight there. Nobody types an address to be sent home by."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import transaction

from core.people.sso.models import TenantSignIn
from core.people.sso.realm.broker_files import Broker
from core.people.sso.realm.changes import Change
from tenants.registry.context import in_public

Home = tuple[str, str, bool]
"""The provider's alias, what stands behind the @ of its officers, whether it tells of their groups."""
NONE: Home = ("", "", False)


def _wanted(brokers: list[Broker]) -> dict[str, Home]:
    return {
        one.tenant: (one.alias, " ".join(sorted(one.domains)), bool(one.groups))
        for one in brokers
        if one.tenant and one.settings["enabled"]
    }


def _noted(row: TenantSignIn) -> Home:
    return row.provider, row.provider_domains, row.provider_groups


def _differing(brokers: list[Broker]) -> list[tuple[TenantSignIn, Home]]:
    wanted = _wanted(brokers)
    with in_public():
        rows = list(TenantSignIn.objects.select_related("tenant"))
    found = [(row, wanted.get(row.tenant.slug, NONE)) for row in rows]
    return [(row, home) for row, home in found if _noted(row) != home]


def _said(home: Home) -> str:
    alias, domains, groups = home
    return " ".join(filter(None, [alias, domains, "with groups" if groups else ""])) or "nothing"


def homes_plan(realm: str, brokers: list[Broker]) -> Iterator[Change]:
    for row, home in _differing(brokers):
        yield Change(realm, "change", "home of officers", row.tenant.slug, "provider", _said(_noted(row)), _said(home))


def homes_note(brokers: list[Broker]) -> None:
    """Write it down, last of all: an officer is sent only where somebody answers."""
    for row, (alias, domains, groups) in _differing(brokers):
        with in_public(), transaction.atomic():
            TenantSignIn.objects.filter(pk=row.pk).update(
                provider=alias, provider_domains=domains, provider_groups=groups
            )
