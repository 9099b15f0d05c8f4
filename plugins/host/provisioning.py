"""The step that gives a new tenant the plugins that ship with Commonty."""

from __future__ import annotations

from plugins.discovery import installed
from plugins.host.registry import registry
from plugins.host.services import plugins_begin
from tenants.registry.context import TenantRef


def plugins_step(tenant: TenantRef) -> None:
    """Switch on every bundled plugin that stands. Safe to run again."""
    sound = registry().plugins
    plugins_begin(plugins=[plugin.name for plugin in installed() if plugin.bundled and plugin.name in sound])
