"""Subjects: what makes one resident a different, unlinkable person at each tenant, and what keeps them that person.

Keycloak computes a subject from the account, a constant sector host and the tenant's salt. The salt is made once,
encrypted in the tenant's schema, and goes with its export; the registry keeps a mark of it, so that a salt that was
changed anywhere is seen without opening it.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid

from django.db import transaction

from core.kernel.crypto import digest, token_open, token_seal
from core.kernel.env import environment
from core.kernel.errors import Refused
from core.people.models import SubjectSalt
from core.people.sso.models import TenantSignIn
from tenants.registry.context import Role, TenantRef, in_public, in_tenant

PURPOSE = "sign-in/subject-salt"


def sector_host() -> str:
    """Where the sector documents are: never a tenant's own host, so that no renaming makes anybody a stranger."""
    return f"sector.{environment().base_domain}"


def salt_mark(salt: str) -> str:
    return digest(salt.encode())


def salt_of(tenant: TenantRef) -> str:
    """The tenant's salt, made and marked in the registry the first time. For workers and the command line.

    Raises Refused when the schema has another salt than the registry's mark says: nothing may be done with it then.
    """
    with in_tenant(tenant, role=Role.WORKER), transaction.atomic():
        row = SubjectSalt.objects.first()
        if row is None:
            held = token_seal(PURPOSE, tenant.uuid, {"salt": secrets.token_urlsafe(32)}, ttl=None)
            SubjectSalt.objects.bulk_create([SubjectSalt(held=held)], ignore_conflicts=True)
            row = SubjectSalt.objects.get()
    salt = str(token_open(PURPOSE, tenant.uuid, row.held)["salt"])
    with in_public():
        known, _made = TenantSignIn.objects.get_or_create(
            tenant_id=tenant.uuid, defaults={"salt_mark": salt_mark(salt)}
        )
    if known.salt_mark != salt_mark(salt):
        raise Refused(
            f"The salt in the schema of {tenant.slug} is not the one its people are known by.",
            code="salt.differs",
            remedy="Restore the tenant's own salt from its export; with another one everybody would be a stranger.",
        )
    return salt


def subject_of(account: str, salt: str) -> str:
    """The subject of a Keycloak account at a tenant, as Keycloak's pairwise mapper computes it."""
    joined = hashlib.sha256(sector_host().encode() + account.encode() + salt.encode()).digest()
    # A name-based identifier without a name space: version 3 over the bytes themselves.
    return str(uuid.UUID(bytes=hashlib.md5(joined, usedforsecurity=False).digest(), version=3))
