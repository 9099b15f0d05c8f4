"""Tenants that stand for the length of a bench, made by the product's own hand and gone afterwards."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from plugins.api.text import LocalisedText
from tenants.office.owner import schema_drop
from tenants.office.portability import media_of
from tenants.office.services import tenant_create
from tenants.registry.context import TenantRef, in_public
from tenants.registry.hosts import forget
from tenants.registry.models import Tenant

PREFIX = "bench-"


def remove(prefix: str = PREFIX, *, say: Callable[[str], None] = lambda text: None) -> int:
    """Every tenant whose address begins so, with its schema, roles and files; returns how many there were.

    Safe to run again, so what a crash left behind goes with the next bench.
    """
    with in_public():
        rows = list(Tenant.objects.filter(slug__startswith=prefix).order_by("slug"))
    for number, row in enumerate(rows, 1):
        # One at a time: the locks of many schemas in one transaction would not fit into the lock table.
        schema_drop(row.schema_name)
        shutil.rmtree(media_of(row.id), ignore_errors=True)
        with in_public():
            Tenant.objects.filter(id=row.id).delete()
        if number % 50 == 0:
            say(f"Dropped {number} of {len(rows)} …")
    forget()
    return len(rows)


@contextmanager
def bench_tenant(slug: str = "bench-one", kind: str = "public_body") -> Iterator[TenantRef]:
    """A tenant of its own, gone afterwards; one that a crash left behind goes first."""
    remove(slug)
    tenant, _steps = tenant_create(slug=slug, kind=kind, name=LocalisedText("Bench"))
    try:
        yield tenant
    finally:
        remove(slug)
