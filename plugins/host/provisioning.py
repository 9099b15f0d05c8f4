"""The step that gives a new tenant the plugins that ship with Commonty."""

from __future__ import annotations

from plugins.discovery import installed
from plugins.host.registry import registry
from plugins.host.services import plugin_activate
from tenants.registry.context import TenantRef


def plugins_step(tenant: TenantRef) -> None:
    """Switch on every bundled plugin that stands. Safe to run again."""
    for plugin in installed():
        if plugin.bundled and plugin.name in registry().plugins:
            plugin_activate(plugin=plugin.name)
