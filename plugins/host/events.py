"""Facts about plugins that others may learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.audit.events import Event


@dataclass(frozen=True, slots=True)
class PluginActivated(Event):
    kind: ClassVar[str] = "plugin_activated"
    plugin: str
    version_of_plugin: str


@dataclass(frozen=True, slots=True)
class PluginDeactivated(Event):
    kind: ClassVar[str] = "plugin_deactivated"
    plugin: str
