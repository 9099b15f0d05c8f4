"""Facts about which modules may be used, and about wishes for new ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.audit.events import Event


@dataclass(frozen=True, slots=True)
class PluginPermitted(Event):
    """In the national site's record; `where` is a slug, or empty for all of Scotland."""

    kind: ClassVar[str] = "plugin_permitted"
    plugin: str
    where: str


@dataclass(frozen=True, slots=True)
class PluginWithdrawn(Event):
    """In the national site's record; open rounds keep it. The reason is for officers."""

    kind: ClassVar[str] = "plugin_withdrawn"
    plugin: str
    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class PluginSpread(Event):
    """In the national site's record: it is switched on wherever it is allowed and was never on."""

    kind: ClassVar[str] = "plugin_spread"
    plugin: str


@dataclass(frozen=True, slots=True)
class ModuleWished(Event):
    """In the record of whoever asks; the words stand with the wish."""

    kind: ClassVar[str] = "module_wished"
    wish: str


@dataclass(frozen=True, slots=True)
class ModuleWishAnswered(Event):
    """In the national site's record."""

    kind: ClassVar[str] = "module_wish_answered"
    wish: str
    state: str
