"""What each role of a tenant may do to each table: a default here, exceptions declared by the app that owns it.

An app says `tenant_grants = {"Ballot": {"voter": "SELECT (round_id, pseudonym), INSERT"}}` and
`tenant_functions = {"cast_ballot(uuid, bytea)": ("voter",)}` in its AppConfig. What nobody declared for voters is
readable and not writable.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.apps import apps
from django.db import models

from tenants.registry.place import BACKUP_ROLE, Role, database_role

DEFAULT = {
    Role.VOTER: "SELECT",
    Role.STAFF: "SELECT, INSERT, UPDATE, DELETE",
    Role.WORKER: "SELECT, INSERT, UPDATE, DELETE",
}
RECORD = "django_migrations"
# What a suspended tenant's people may still change: whoever signed in on a shared device must be able to leave.
LEAVING = frozenset({"people_session", "people_signin"})
PRIVILEGE = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE)\s*(?:\(([^)]*)\))?\s*(?:,|$)")


def declared() -> dict[str, dict[str, str]]:
    """Table name to role to privileges, as the apps declare them; unknown models and roles are an error."""
    found: dict[str, dict[str, str]] = {}
    for config in apps.get_app_configs():
        for model_name, by_role in getattr(config, "tenant_grants", {}).items():
            # Wagtail declares nothing of the kind, so the editors' pages name its models by their label.
            named = "." in model_name
            model: type[models.Model] = apps.get_model(model_name) if named else config.get_model(model_name)
            unknown = set(by_role) - {role.value for role in Role}
            if unknown:
                raise ValueError(f"{config.label}.{model_name}: no such role: {', '.join(sorted(unknown))}")
            found[model._meta.db_table] = dict(by_role)
    return found


def functions() -> dict[str, tuple[str, ...]]:
    """Signature of each function to the roles that may call it."""
    found: dict[str, tuple[str, ...]] = {}
    for config in apps.get_app_configs():
        found.update(getattr(config, "tenant_functions", {}))
    return found


def privileges(table: str, role: Role, exceptions: Mapping[str, Mapping[str, str]], *, suspended: bool = False) -> str:
    """What one role may do to one table, as SQL words; empty for nothing. In a suspended tenant: read."""
    if table == RECORD:
        return ""
    words = exceptions.get(table, {}).get(role.value, DEFAULT[role])
    if suspended and role is not Role.WORKER and table not in LEAVING:
        words = ", ".join(found[0].strip(" ,") for found in PRIVILEGE.finditer(words) if found[1] == "SELECT")
    return words


def functions_of(role: Role, *, suspended: bool = False) -> list[str]:
    """Signatures of the functions a role may call; they write, so in a suspended tenant the worker's alone."""
    if suspended and role is not Role.WORKER:
        return []
    return [signature for signature, names in functions().items() if role.value in names]


def parsed(words: str) -> frozenset[tuple[str, str]]:
    """Privileges as pairs of verb and column, the column empty for the whole table. Raises ValueError."""
    found: set[tuple[str, str]] = set()
    at = 0
    while at < len(words):
        match = PRIVILEGE.match(words, at)
        if match is None or match.end() == at:
            raise ValueError(f"These are no privileges: {words!r}")
        columns = match[2].split(",") if match[2] else [""]
        found |= {(match[1], column.strip()) for column in columns}
        at = match.end()
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Contents:
    """What stands in a schema, by name. PostgreSQL's own `ALL TABLES IN SCHEMA` reads the relations of every tenant."""

    tables: Sequence[str] = ()
    partitions: Sequence[str] = ()
    # Views and foreign tables: none is ours, and nobody may use them.
    others: Sequence[str] = ()
    sequences: Sequence[str] = ()
    # With the schema and the kinds of their arguments.
    routines: Sequence[str] = ()


def grant_statements(schema: str, contents: Contents, *, suspended: bool = False) -> list[str]:
    """The SQL that gives a schema's roles exactly what is declared, having taken everything away first.

    Nothing is ever granted on a partition: whoever could read one would read past what its table allows.
    """
    quoted = f'"{schema}"'
    roles = {role: f'"{database_role(schema, role)}"' for role in Role}
    everybody = ", ".join(roles.values())
    tables, everything, sequences = (
        ", ".join(f'{quoted}."{name}"' for name in names)
        for names in (contents.tables, [*contents.tables, *contents.others], contents.sequences)
    )
    statements = [
        f"REVOKE ALL ON SCHEMA {quoted} FROM PUBLIC",
        f"GRANT USAGE ON SCHEMA {quoted} TO {everybody}, {BACKUP_ROLE}",
        # The one role that reads every tenant; it writes nothing, and no web process may become it.
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA {quoted} GRANT SELECT ON TABLES TO {BACKUP_ROLE}",
    ]
    if everything:
        statements.append(f"REVOKE ALL ON {everything} FROM PUBLIC, {everybody}")
    if tables:
        statements.append(f"GRANT SELECT ON {tables} TO {BACKUP_ROLE}")
    if sequences:
        statements.append(f"GRANT USAGE ON SEQUENCE {sequences} TO {everybody}")
        statements.append(f"GRANT SELECT ON SEQUENCE {sequences} TO {BACKUP_ROLE}")
    if contents.routines:
        statements.append(f"REVOKE EXECUTE ON ROUTINE {', '.join(contents.routines)} FROM PUBLIC, {everybody}")
    exceptions = declared()
    for role, name in roles.items():
        by_words: dict[str, list[str]] = {}
        for table in contents.tables:
            if table not in contents.partitions:
                words = privileges(table, role, exceptions, suspended=suspended)
                by_words.setdefault(words, []).append(f'{quoted}."{table}"')
        statements += [f"GRANT {words} ON {', '.join(named)} TO {name}" for words, named in by_words.items() if words]
    for role, name in roles.items():
        callable_ = functions_of(role, suspended=suspended)
        statements += [f"GRANT EXECUTE ON FUNCTION {quoted}.{signature} TO {name}" for signature in callable_]
    return statements


__all__ = ["Contents", "declared", "functions", "functions_of", "grant_statements", "parsed", "privileges"]
