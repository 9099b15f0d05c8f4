"""Which plugins are installed and which of them the operator allows: metadata only, nothing is imported.

Allowed are those named in COMMONTY_PLUGINS_ALLOWED, where `bundled` stands for all that ship with Commonty; where it is
empty, those that ship with it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

GROUP = "commonty.plugins"
BUNDLED = "plugins.bundled."
ALL_BUNDLED = "bundled"


@dataclass(frozen=True, slots=True)
class Installed:
    """An installed plugin: its name, the module that registers it, and the package it came in."""

    name: str
    module: str
    distribution: str
    version: str

    @property
    def package(self) -> str:
        return self.module.rsplit(".", 1)[0]

    @property
    def bundled(self) -> bool:
        return self.module.startswith(BUNDLED)


def installed() -> list[Installed]:
    """Every plugin that some installed package declares, by name."""
    found = {
        point.name: Installed(
            name=point.name,
            module=point.value.split(":", 1)[0],
            distribution=point.dist.name if point.dist else "",
            version=point.dist.version if point.dist else "",
        )
        for point in entry_points(group=GROUP)
    }
    return [found[name] for name in sorted(found)]


def allowed(names: Sequence[str]) -> list[Installed]:
    """The installed plugins the operator allows."""
    ours = ALL_BUNDLED in names or not names
    return [plugin for plugin in installed() if plugin.name in names or (ours and plugin.bundled)]


def allowed_apps(names: Sequence[str]) -> list[str]:
    """Packages of allowed plugins that are Django apps, found without importing them."""
    apps = []
    for plugin in allowed(names):
        spec = importlib.util.find_spec(plugin.package)
        places = spec.submodule_search_locations if spec else None
        if places and any((Path(place) / "apps.py").exists() for place in places):
            apps.append(plugin.package)
    return apps
