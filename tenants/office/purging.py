"""Taking a plugin's tables out of every tenant: written into files first, never while a council has it switched on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.apps import apps
from psycopg import sql

from core.kernel.errors import NotFound, Refused
from plugins.discovery import allowed_apps, installed
from plugins.host.selectors import active_plugins
from tenants.office.owner import owner_connection
from tenants.registry.context import in_tenant
from tenants.registry.place import TEMPLATE
from tenants.registry.selectors import tenant_refs

TABLES = (
    "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind = 'r' AND starts_with(c.relname, %s) AND n.nspname = ANY(%s) ORDER BY 1, 2"
)


def _label(plugin: str) -> str:
    """The label of the plugin's app, which its tables are named after; empty for one without tables.

    Raises NotFound for one that is not installed, Refused for one whose app is not loaded.
    """
    found = next((one for one in installed() if one.name == plugin), None)
    if found is None:
        raise NotFound(
            f"The plugin {plugin!r} is not installed.",
            code="plugin.unknown",
            remedy="Purge a plugin before its package is taken out; `commonty plugins list` shows what is there.",
        )
    config = next((one for one in apps.get_app_configs() if one.name == found.package), None)
    if config is None and found.package in allowed_apps([plugin]):
        raise Refused(
            f"The plugin {plugin} is not allowed, so that nobody knows which tables are its own.",
            code="plugin.not_allowed",
            remedy="Name it in COMMONTY_PLUGINS_ALLOWED for this command alone.",
        )
    return config.label if config is not None and list(config.get_models()) else ""


def plugin_purge(*, plugin: str, out: Path | None) -> dict[str, Any]:
    """Drop a plugin's tables in every tenant, all or none, after writing each with rows as CSV into `out`.

    Raises NotFound; Refused while a tenant has it switched on, and where there are rows and no folder to write to.
    """
    label = _label(plugin)
    tenants = tenant_refs()
    on = []
    for tenant in tenants:
        with in_tenant(tenant):
            if plugin in active_plugins():
                on.append(tenant.slug)
    if on:
        raise Refused(
            f"The plugin {plugin} is switched on for {', '.join(on)}.",
            code="plugin.active",
            remedy="Switch it off there first: `commonty plugins deactivate`.",
        )
    dropped = kept = 0
    if label:
        with owner_connection() as owner:
            schemas = [tenant.schema for tenant in tenants] + [TEMPLATE]
            for schema, table in owner.execute(TABLES, [f"{label}_", schemas]).fetchall():
                name = sql.Identifier(schema, table)
                row = owner.execute(sql.SQL("SELECT count(*) FROM {}").format(name)).fetchone()
                rows = int(row[0]) if row else 0
                if rows and out is None:
                    raise Refused(
                        f"{table} holds {rows} rows in {schema}. Nothing was dropped.",
                        code="plugin.has_data",
                        remedy="Name a folder for the export with --out.",
                    )
                if rows and out is not None:
                    out.mkdir(parents=True, exist_ok=True)
                    command = sql.SQL("COPY {} TO STDOUT WITH (FORMAT csv, HEADER)").format(name)
                    with (out / f"{schema}.{table}.csv").open("wb") as file, owner.cursor().copy(command) as data:
                        for part in data:
                            file.write(part)
                owner.execute(sql.SQL("DROP TABLE {} CASCADE").format(name))
                dropped, kept = dropped + 1, kept + rows
            for schema in schemas:
                record = sql.Identifier(schema, "django_migrations")
                owner.execute(sql.SQL("DELETE FROM {} WHERE app = %s").format(record), [label])
    return {"plugin": plugin, "tables": dropped, "rows": kept}
