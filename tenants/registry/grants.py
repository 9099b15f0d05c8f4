"""What each role of a tenant may do to each table: a default here, exceptions declared by the app that owns it.

An app says `tenant_grants = {"Ballot": {"voter": "SELECT (round_id, pseudonym), INSERT"}}` and
`tenant_functions = {"cast_ballot(uuid, bytea)": ("voter",)}` in its AppConfig. What nobody declared for voters is
readable and not writable.
"""

from __future__ import annotations

from django.apps import apps
from django.db import models

from tenants.registry.place import Role, database_role

DEFAULT = {
    Role.VOTER: "SELECT",
    Role.STAFF: "SELECT, INSERT, UPDATE, DELETE",
    Role.WORKER: "SELECT, INSERT, UPDATE, DELETE",
}


def declared() -> dict[str, dict[str, str]]:
    """Table name to role to privileges, as the apps declare them; unknown models and roles are an error."""
    found: dict[str, dict[str, str]] = {}
    for config in apps.get_app_configs():
        for model_name, by_role in getattr(config, "tenant_grants", {}).items():
            model: type[models.Model] = config.get_model(model_name)
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


def grant_statements(schema: str, tables: list[str]) -> list[str]:
    """The SQL that gives a schema's roles exactly what is declared, having taken everything away first."""
    quoted = f'"{schema}"'
    statements = [
        f"REVOKE ALL ON SCHEMA {quoted} FROM PUBLIC",
        f"REVOKE ALL ON ALL TABLES IN SCHEMA {quoted} FROM PUBLIC",
    ]
    exceptions = declared()
    for role in Role:
        name = f'"{database_role(schema, role)}"'
        statements += [
            f"GRANT USAGE ON SCHEMA {quoted} TO {name}",
            f"REVOKE ALL ON ALL TABLES IN SCHEMA {quoted} FROM {name}",
            f"GRANT {DEFAULT[role]} ON ALL TABLES IN SCHEMA {quoted} TO {name}",
            f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {quoted} TO {name}",
            f'REVOKE ALL ON {quoted}."django_migrations" FROM {name}',
        ]
        for table in tables:
            privileges = exceptions.get(table, {}).get(role.value)
            if privileges is None:
                continue
            statements.append(f'REVOKE ALL ON {quoted}."{table}" FROM {name}')
            if privileges:
                statements.append(f'GRANT {privileges} ON {quoted}."{table}" TO {name}')
    statements.append(f"REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA {quoted} FROM PUBLIC")
    for signature, roles in functions().items():
        for role_name in roles:
            statements.append(
                f'GRANT EXECUTE ON FUNCTION {quoted}.{signature} TO "{database_role(schema, Role(role_name))}"'
            )
    return statements
