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
class PluginsBegun(Event):
    """The service itself switched these on, each with its version: a tenant begins, or a plugin is new everywhere."""

    kind: ClassVar[str] = "plugins_begun"
    plugins: list[str]


@dataclass(frozen=True, slots=True)
class PluginDeactivated(Event):
    kind: ClassVar[str] = "plugin_deactivated"
    plugin: str


@dataclass(frozen=True, slots=True)
class PluginConfigured(Event):
    """New settings of a module: which module, and the names of its settings. Values may be secrets."""

    kind: ClassVar[str] = "plugin_configured"
    plugin: str
    module: str
    settings: list[str]


@dataclass(frozen=True, slots=True)
class PluginUpgraded(Event):
    """Somebody decided that a newer version reads what an earlier one kept, and why; with rounds it concerns."""

    kind: ClassVar[str] = "plugin_upgraded"
    plugin: str
    from_version: str
    to_version: str
    rounds: list[str]
    reason: str


@dataclass(frozen=True, slots=True)
class ProofListTaken(Event):
    """A list of people who may vote was handed in for a round: how many, and never who."""

    kind: ClassVar[str] = "proof_list_taken"
    module: str
    round: str
    people: int


@dataclass(frozen=True, slots=True)
class ProofListDropped(Event):
    """An officer deleted the list of a round."""

    kind: ClassVar[str] = "proof_list_dropped"
    module: str
    round: str
    people: int
