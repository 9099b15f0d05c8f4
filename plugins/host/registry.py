"""Which plugins stand, and which modules they brought. Built once, when the process starts.

Each plugin is tried in a manager of its own, because pluggy stops at the first exception: whatever one plugin does
at import or registration, the others and the process go on. What failed is kept with its reason and shown by the
system check.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pluggy
from pydantic import BaseModel

from core.kernel.telemetry import logger
from plugins.api import API_VERSION, Module, PluginInfo, Text, hookspecs
from plugins.discovery import Installed
from plugins.host.kinds import KINDS, Kind
from plugins.host.tables import unprefixed, unsealed
from plugins.host.versions import in_range

KEY = re.compile(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")
Tables = Callable[[str], Sequence[str]]
log = logger("commonty.plugins")


class Unfit(Exception):
    """Why a plugin cannot be used, in words for the operator."""


@dataclass(frozen=True, slots=True)
class Registered:
    """One module of one plugin, and the single object that is called."""

    plugin: PluginInfo
    kind: Kind
    module: Module


@dataclass(frozen=True, slots=True)
class Failed:
    """A plugin that is switched off everywhere, and why."""

    plugin: str
    reason: str


@dataclass(frozen=True, slots=True)
class Registry:
    """The outcome of loading: plugins by name, modules by kind and key, failures."""

    manager: Any = None
    plugins: Mapping[str, PluginInfo] = field(default_factory=dict)
    modules: Mapping[tuple[str, str], Registered] = field(default_factory=dict)
    failed: tuple[Failed, ...] = ()

    def of_plugin(self, name: str) -> list[Registered]:
        return [found for found in self.modules.values() if found.plugin.name == name]


def _manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager


def _info(module: Any, name: str) -> PluginInfo:
    info = getattr(module, "PLUGIN", None)
    if not isinstance(info, PluginInfo):
        raise Unfit("it has no PLUGIN that says who it is")
    if info.name != name:
        raise Unfit(f"it calls itself {info.name!r} but is installed as {name!r}")
    try:
        fits = in_range(API_VERSION, info.requires_api)
    except ValueError as error:
        raise Unfit(f"requires_api: {error}") from error
    if not fits:
        raise Unfit(f"it needs the plugin contract {info.requires_api}, and this is {API_VERSION}")
    return info


def _module(kind: Kind, cls: Any) -> Module:
    if not inspect.isclass(cls) or not issubclass(cls, kind.base):
        raise Unfit(f"{kind.hook} returned something else than {kind.base.__name__} classes")
    name = cls.__name__
    if inspect.isabstract(cls):
        raise Unfit(f"{name} leaves out {', '.join(sorted(cls.__abstractmethods__))}")
    if not KEY.match(str(getattr(cls, "key", ""))):
        raise Unfit(f"{name} has no key in small letters, digits and hyphens")
    if not all(isinstance(getattr(cls, word, None), Text) for word in ("label", "description")):
        raise Unfit(f"{name} has no label and description in both languages")
    settings = cls.Settings
    if not inspect.isclass(settings) or not issubclass(settings, BaseModel):
        raise Unfit(f"the Settings of {name} are not a pydantic model")
    return cls()


def _try(
    plugin: Installed, load: Callable[[str], Any], loose: Tables, astray: Tables
) -> tuple[Any, PluginInfo, list[Registered]]:
    """One plugin alone, in a manager of its own. Raises whatever is wrong with it."""
    source = load(plugin.module)
    info = _info(source, plugin.name)
    if tables := loose(plugin.package):
        raise Unfit(f"its tables {', '.join(tables)} have no column tenant that says whose a row is")
    if tables := astray(plugin.package):
        raise Unfit(f"its tables {', '.join(tables)} are not named after its app's label")
    alone = _manager()
    alone.register(source, name=plugin.name)
    alone.check_pending()
    found = []
    for kind in KINDS:
        for classes in getattr(alone.hook, kind.hook)():
            found += [Registered(info, kind, _module(kind, cls)) for cls in classes]
    return source, info, found


def registry_build(
    plugins: Sequence[Installed],
    *,
    load: Callable[[str], Any] = importlib.import_module,
    loose: Tables = unsealed,
    astray: Tables = unprefixed,
) -> Registry:
    """Load every plugin, those that ship with Commonty first, so that a stranger cannot take their keys.

    `loose` names the tables of a package that cannot be sealed, `astray` those under a foreign name: a plugin with one
    is not used.
    """
    manager = _manager()
    infos: dict[str, PluginInfo] = {}
    modules: dict[tuple[str, str], Registered] = {}
    failed: list[Failed] = []
    for plugin in sorted(plugins, key=lambda one: (not one.bundled, one.name)):
        try:
            source, info, found = _try(plugin, load, loose, astray)
            fresh: dict[tuple[str, str], Registered] = {}
            for one in found:
                place = (one.kind.name, one.module.key)
                if place in modules or place in fresh:
                    raise Unfit(f"the key {one.module.key!r} of {one.kind.name} is taken")
                fresh[place] = one
            manager.register(source, name=plugin.name)
        except Exception as error:  # noqa: BLE001  # whatever a plugin raises concerns that plugin alone
            reason = str(error) if isinstance(error, Unfit) else f"{type(error).__name__}: {error}"
            failed.append(Failed(plugin.name, reason))
            log.error("The plugin %s is switched off: %s", plugin.name, reason)
            continue
        infos[plugin.name] = info
        modules.update(fresh)
    return Registry(manager, infos, modules, tuple(failed))


_standing = Registry()


def registry() -> Registry:
    """The registry of this process."""
    return _standing


def registry_set(built: Registry) -> Registry:
    """Put a registry in place and return the one before: at start, and by tests that bring plugins of their own."""
    global _standing
    before, _standing = _standing, built
    return before
