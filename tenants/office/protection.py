"""The seal and the rights of one schema: put on where they are missing, and looked at without changing anything.

Both are put on again after every migration, so they touch only what is not as it should be: a table in which people
are voting keeps the constraint it has.
"""

from __future__ import annotations

from typing import Any

import psycopg
from django.db import connection
from psycopg import sql

from tenants.office.catalogue import INSIDE
from tenants.office.owner import owner_connection
from tenants.registry.context import TenantRef
from tenants.registry.grants import (
    Contents,
    declared,
    functions,
    functions_of,
    grant_statements,
    parsed,
    privileges,
)
from tenants.registry.place import BACKUP_ROLE, Role, database_role
from tenants.registry.seal import GUARD, sealed_tables

Owner = psycopg.Connection[Any]

SEALS = """
WITH @INSIDE@
SELECT c.relname,
       (SELECT pg_get_constraintdef(k.oid) FROM pg_constraint k
         WHERE k.conrelid = c.oid AND k.contype = 'c' AND k.conname = left(c.relname, 50) || '_seal'),
       (SELECT t.tgenabled::text || ' ' || t.tgtype::text || ' ' || p.proname || ' '
               || (p.pronamespace = c.relnamespace)::text
          FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
         WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgname = left(c.relname, 50) || '_seal')
  FROM named c WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
""".replace("@INSIDE@", INSIDE)
# Enabled, and BEFORE (2) DELETE (8) or UPDATE (16) for each row (1).
TRIGGER = "O 27 commonty_seal_guard true"
GUARD_BODY = """
SELECT md5(p.prosrc) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
 WHERE n.nspname = %s AND p.proname = 'commonty_seal_guard'
"""
RIGHTS = """
WITH @INSIDE@
SELECT 'table' AS kind, c.relname::text AS name, '' AS part, g.rolname::text AS who, a.privilege_type AS verb
  FROM named c, LATERAL aclexplode(c.relacl) a
  LEFT JOIN pg_roles g ON g.oid = a.grantee WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.grantee <> c.relowner
UNION ALL
SELECT 'table', c.relname, t.attname, g.rolname, a.privilege_type
  FROM named c JOIN pg_attribute t ON t.attrelid = c.oid,
       LATERAL aclexplode(t.attacl) a LEFT JOIN pg_roles g ON g.oid = a.grantee WHERE a.grantee <> c.relowner
UNION ALL
SELECT 'function', p.oid::regprocedure::text, '', g.rolname, a.privilege_type
  FROM inside i JOIN pg_proc p ON p.oid = i.objid,
       LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
  LEFT JOIN pg_roles g ON g.oid = a.grantee WHERE i.classid = 'pg_proc'::regclass AND a.grantee <> p.proowner
UNION ALL
SELECT 'schema', '', '', g.rolname, a.privilege_type
  FROM pg_namespace s, LATERAL aclexplode(s.nspacl) a LEFT JOIN pg_roles g ON g.oid = a.grantee
 WHERE s.nspname = %(schema)s AND a.grantee <> s.nspowner
""".replace("@INSIDE@", INSIDE)
CONTENTS = """
WITH @INSIDE@
SELECT CASE WHEN relispartition THEN 'partition' ELSE relkind::text END, relname::text
  FROM named WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
UNION ALL
SELECT 'routine', p.oid::regprocedure::text
  FROM inside i JOIN pg_proc p ON p.oid = i.objid WHERE i.classid = 'pg_proc'::regclass
ORDER BY 1, 2
""".replace("@INSIDE@", INSIDE)
Right = tuple[str, str, str, str, str]


def contents_of(owner: Owner, schema: str) -> Contents:
    """What stands in a schema. Leaves the connection without a search path."""
    owner.execute("SET search_path TO ''")
    found: dict[str, list[str]] = {}
    for kind, name in owner.execute(CONTENTS.encode(), {"schema": schema}).fetchall():
        found.setdefault(str(kind), []).append(str(name))

    def of(*kinds: str) -> list[str]:
        return sorted(name for kind in kinds for name in found.get(kind, ()))

    return Contents(of("r", "p", "partition"), of("partition"), of("v", "m", "f"), of("S"), of("routine"))


# -- the seal ---------------------------------------------------------------------------------------------------------


def _mark(table: str) -> str:
    return f"{table[:50]}_seal"


def _seals(owner: Owner, schema: str) -> dict[str, tuple[str | None, str | None]]:
    return {str(row[0]): (row[1], row[2]) for row in owner.execute(SEALS.encode(), {"schema": schema}).fetchall()}


def _sealed_here(tenant: TenantRef, constraint: str | None) -> bool:
    return constraint is not None and constraint.replace(" ", "") == f"CHECK((tenant='{tenant.uuid}'::uuid))"


def seal_apply(owner: Owner, tenant: TenantRef) -> None:
    """The constant CHECK and the trigger on every sealed table of the schema that has not exactly these."""
    schema = sql.Identifier(tenant.schema)
    owner.execute(GUARD.format(schema=f'"{tenant.schema}"').encode())
    present = _seals(owner, tenant.schema)
    for table in sealed_tables():
        constraint, trigger = present[table]
        name, mark = sql.Identifier(tenant.schema, table), sql.Identifier(_mark(table))
        if not _sealed_here(tenant, constraint):
            if constraint is not None:
                owner.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(name, mark))
            owner.execute(
                sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} CHECK (tenant = {}::uuid)").format(
                    name, mark, sql.Literal(str(tenant.uuid))
                )
            )
        if trigger != TRIGGER:
            owner.execute(
                sql.SQL(
                    "CREATE OR REPLACE TRIGGER {} BEFORE UPDATE OR DELETE ON {}"
                    " FOR EACH ROW EXECUTE FUNCTION {}.commonty_seal_guard()"
                ).format(mark, name, schema)
            )
            # A trigger that somebody has switched off stays off when it is replaced.
            owner.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER {}").format(name, mark))


def seal_findings(owner: Owner, tenant: TenantRef) -> list[str]:
    """Sealed tables whose seal is missing, another tenant's, or switched off."""
    found = []
    present = _seals(owner, tenant.schema)
    for table in sealed_tables():
        constraint, trigger = present.get(table, (None, None))
        if not _sealed_here(tenant, constraint):
            found.append(
                f"{table}: the seal is " + ("missing" if constraint is None else f"not this one’s: {constraint}")
            )
        if trigger != TRIGGER:
            found.append(f"{table}: the guard against foreign changes is {'missing' if trigger is None else 'altered'}")
    body = owner.execute(GUARD_BODY.encode(), [tenant.schema]).fetchone()
    whole = owner.execute("SELECT md5(%s)", [GUARD.split("$guard$")[1]]).fetchone()
    if body != whole:
        found.append("commonty_seal_guard: not as it was written")
    return found


# -- rights -----------------------------------------------------------------------------------------------------------


def roles_make(owner: Owner, tenant: TenantRef) -> None:
    """The tenant's three roles, given to the login of the service."""
    app = str(connection.settings_dict["USER"])
    login = owner.execute("SELECT session_user").fetchone()
    for role in Role:
        name = database_role(tenant.schema, role)
        if not owner.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone():
            owner.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(name)))
        if app and (login is None or app != login[0]):
            owner.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(name), sql.Identifier(app)))


def roles_tell(tenant: TenantRef) -> None:
    """Have every connection of the service make anew its list of the roles it may take, before anybody is led here.

    PostgreSQL 18.4 keeps that list for each connection. One that was just making it when these roles were given keeps
    a list without them until roles change again, and is refused here all that time (core/DECISIONS.md). So they change
    once more, in a later transaction: to what they are.
    """
    with owner_connection() as owner:
        owner.execute(
            sql.SQL("ALTER ROLE {} NOLOGIN").format(sql.Identifier(database_role(tenant.schema, Role.WORKER)))
        )


def grants_apply(owner: Owner, tenant: TenantRef) -> None:
    """What the apps declare, unless it is exactly so already."""
    if not grant_findings(owner, tenant):
        return
    statements = grant_statements(tenant.schema, contents_of(owner, tenant.schema), suspended=tenant.is_suspended)
    owner.execute(";\n".join(statements).encode())


def _expected(tenant: TenantRef, contents: Contents, signatures: dict[str, str]) -> set[Right]:
    schema, suspended = tenant.schema, tenant.is_suspended
    exceptions = declared()
    apart = set(contents.partitions)
    roles = {role: database_role(schema, role) for role in Role}
    wanted: set[Right] = {("schema", "", "", who, "USAGE") for who in (*roles.values(), BACKUP_ROLE)}
    for table in contents.tables:
        wanted.add(("table", table, "", BACKUP_ROLE, "SELECT"))
        if table in apart:
            continue
        for role, who in roles.items():
            pairs = parsed(privileges(table, role, exceptions, suspended=suspended))
            wanted |= {("table", table, column, who, verb) for verb, column in pairs}
    for role, who in roles.items():
        names = functions_of(role, suspended=suspended)
        wanted |= {("function", signatures[signature], "", who, "EXECUTE") for signature in names}
    return wanted


def grant_findings(owner: Owner, tenant: TenantRef) -> list[str]:
    """Rights that somebody has and should not, and the reverse."""
    schema = tenant.schema
    contents = contents_of(owner, schema)
    signatures = {}
    for signature in functions():
        row = owner.execute("SELECT to_regprocedure(%s)::text", [f"{schema}.{signature}"]).fetchone()
        signatures[signature] = str(row[0]) if row else ""
    wanted = _expected(tenant, contents, signatures)
    actual = {
        (str(kind), str(name), str(part), str(who or "PUBLIC"), str(verb))
        for kind, name, part, who, verb in owner.execute(RIGHTS.encode(), {"schema": schema}).fetchall()
    }
    more = [f"{_words(right)}, and should not" for right in sorted(actual - wanted)]
    return [*more, *(f"{_words(right)}: missing" for right in sorted(wanted - actual))]


def _words(right: Right) -> str:
    kind, name, part, who, verb = right
    return f"{who} may {verb} {kind} {name}" + (f" ({part})" if part else "")
