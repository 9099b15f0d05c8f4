"""Short statements, and groups of people who answer alike."""

from __future__ import annotations

from collections.abc import Sequence

from plugins.api import DeliberationModule, PluginInfo, hookimpl

PLUGIN = PluginInfo(
    name="opinion-groups",
    version="1.0.0",
    author="Commonty",
    licence="Apache-2.0",
    security_contact="security@commonty.example",
    requires_api=">=1.0,<2",
)


@hookimpl
def register_deliberation_modules() -> Sequence[type[DeliberationModule]]:
    from plugins.bundled.opinion_groups.module import OpinionGroups

    return [OpinionGroups]
