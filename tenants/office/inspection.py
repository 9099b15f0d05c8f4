"""Is every tenant's schema as it should be? Looked at as the owner, changing nothing; a finding says what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from core.kernel.files import halves
from tenants.office.catalogue import INSIDE, differences, lines_digest, structure_lines
from tenants.office.models import TemplateRelease
from tenants.office.owner import owner_connection
from tenants.office.protection import grant_findings, seal_findings
from tenants.registry.context import TenantRef, in_public
from tenants.registry.models import Domain, Tenant
from tenants.registry.place import TEMPLATE
from tenants.registry.seal import sealed_tables
from tenants.registry.selectors import GONE

Owner = psycopg.Connection[Any]
SAY_EVERY = 100
SCHEMAS_PER_CONNECTION = 50

BOTH = """
WITH @INSIDE@
SELECT DISTINCT b.relname FROM named b
  JOIN pg_class a ON a.relname = b.relname AND a.relnamespace = 'public'::regnamespace
 WHERE a.relkind IN ('r', 'p', 'v', 'm', 'f') AND b.relkind IN ('r', 'p', 'v', 'm', 'f')
   AND b.relname <> 'django_migrations' ORDER BY 1
""".replace("@INSIDE@", INSIDE)
CROSSING = """
SELECT n.nspname, c.relname, k.conname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_class f ON f.oid = k.confrelid
 WHERE k.contype = 'f' AND c.relnamespace <> f.relnamespace AND n.nspname NOT IN ('pg_catalog', 'information_schema')
"""
COUNTS = """
WITH @INSIDE@,
every AS (SELECT relkind, relispartition FROM named UNION ALL
  SELECT c.relkind, c.relispartition FROM named t JOIN pg_index i ON i.indrelid = t.oid
    JOIN pg_class c ON c.oid = i.indexrelid)
SELECT count(*) FILTER (WHERE relkind IN ('r', 'p') AND NOT relispartition),
       count(*) FILTER (WHERE relkind IN ('r', 'p', 'i', 'I', 'S', 'v', 'm') AND NOT relispartition)
  FROM every
""".replace("@INSIDE@", INSIDE)
# What a schema may hold, so that a thousand of them fit: tables; and tables, indexes and sequences together.
TABLES_MOST = 110
RELATIONS_MOST = 700


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be, in one schema or (slug empty) between schemas."""

    slug: str
    check: str
    detail: str


def counts(owner: Owner, schema: str) -> tuple[int, int]:
    """Tables, and tables with their indexes and sequences, of a schema; TOAST and open rounds' partitions apart."""
    row = owner.execute(COUNTS.encode(), {"schema": schema}).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def fleet_findings(
    release: TemplateRelease, *, say: Callable[[str], None] = lambda text: None
) -> tuple[int, list[Finding]]:
    """How many schemas were looked at, and everything that is wrong with them."""
    with in_public():
        tenants = [(row.ref, bytes(row.signing_key or b"")) for row in Tenant.objects.exclude(state__in=GONE)]
        hosts: dict[str, set[str]] = {}
        for domain in Domain.objects.select_related("tenant"):
            hosts.setdefault(domain.tenant.schema_name, set()).add(str(domain.domain))
    left = "is half a file whose writing was killed: `commonty fleet sweep` removes it"
    found = [Finding("", "files", f"{part} {left}") for part in halves()]
    with owner_connection() as owner:
        present = {str(row[0]) for row in owner.execute("SELECT nspname FROM pg_namespace").fetchall()}
        found += _between(owner, {ref.schema for ref, _ in tenants}, present)
        found += [Finding("", "template", words) for words in _template(owner)]
    for number in range(0, len(tenants), SCHEMAS_PER_CONNECTION):
        with owner_connection() as owner:
            for ref, key in tenants[number : number + SCHEMAS_PER_CONNECTION]:
                if ref.schema not in present:
                    if ref.state != Tenant.State.REQUESTED:
                        found.append(Finding(ref.slug, "schema", f"{ref.schema} is not there"))
                    continue
                found += schema_findings(owner, ref, release, hosts.get(ref.schema, set()), key)
                # Locks and snapshots are let go of: a look at a thousand schemas must stand in nobody's way.
                owner.commit()
        if number % SAY_EVERY == 0 and number:
            say(f"{number} of {len(tenants)} schemas, {len(found)} findings")
    return len(tenants), found


def schema_findings(
    owner: Owner, tenant: TenantRef, release: TemplateRelease, hosts: set[str], signing_key: bytes
) -> list[Finding]:
    """What is wrong with one schema."""
    lines = structure_lines(owner, tenant.schema)
    words: list[tuple[str, str]] = []
    if lines_digest(lines) != release.fingerprint:
        words += [("structure", one) for one in differences(lines, release.lines)]
    tables = {line.split(" ")[1] for line in lines if line.startswith("table ")}
    if not set(sealed_tables()) <= tables:
        return [Finding(tenant.slug, *pair) for pair in words]
    words += [("seal", one) for one in seal_findings(owner, tenant)]
    words += [("rights", one) for one in grant_findings(owner, tenant)]
    both = owner.execute(BOTH.encode(), {"schema": tenant.schema}).fetchall()
    words += [("tables", f"{row[0]} stands in public too") for row in both]
    words += [("leftovers", one) for one in _leftovers(owner, tenant, hosts, signing_key)]
    return [Finding(tenant.slug, *pair) for pair in words]


def _leftovers(owner: Owner, tenant: TenantRef, hosts: set[str], signing_key: bytes) -> list[str]:
    """Rows of somewhere else: a site of another host, somebody else's key, a row with another tenant's mark."""
    site, key = (sql.Identifier(tenant.schema, name) for name in ("wagtailcore_site", "audit_signingkey"))
    sites = owner.execute(sql.SQL("SELECT hostname FROM {}").format(site)).fetchall()
    keys = owner.execute(sql.SQL("SELECT public FROM {}").format(key)).fetchall()
    return [
        *(f"a site is called {row[0]}, which is not this tenant’s" for row in sites if row[0] not in hosts),
        *("the signing key is not the one the registry knows" for row in keys if bytes(row[0]) != signing_key),
    ]


def strays(present: set[str], ours: set[str]) -> list[str]:
    """Schemas that look like a tenant's and are nobody's: what an import or a restore left that was killed."""
    return sorted(name for name in present - ours if name.startswith("t_"))


def _between(owner: Owner, ours: set[str], present: set[str]) -> list[Finding]:
    """What lies between schemas: foreign keys across, and schemas that belong to nobody."""
    crossing = owner.execute(CROSSING.encode()).fetchall()
    found = [Finding("", "foreign keys", f"{row[0]}.{row[1]}: {row[2]} leads into another schema") for row in crossing]
    words = "belongs to no tenant: `commonty fleet sweep` removes it"
    return found + [Finding("", "schemas", f"{name} {words}") for name in strays(present, ours)]


def _template(owner: Owner) -> list[str]:
    """The template holds no person, session, key, ballot or penny: it has nothing that a mistake could hand on."""
    found = []
    for table in sealed_tables():
        row = owner.execute(
            sql.SQL("SELECT EXISTS (SELECT 1 FROM {})").format(sql.Identifier(TEMPLATE, table))
        ).fetchone()
        if row and row[0]:
            found.append(f"{table} of the template holds rows")
    return found


__all__ = ["RELATIONS_MOST", "TABLES_MOST", "Finding", "counts", "fleet_findings", "schema_findings", "strays"]
