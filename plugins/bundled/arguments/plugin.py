"""Arguments for and against."""

from __future__ import annotations

from collections.abc import Sequence

from plugins.api import DeliberationModule, PluginInfo, hookimpl

PLUGIN = PluginInfo(
    name="arguments",
    version="1.0.0",
    author="Commonty",
    licence="Apache-2.0",
    security_contact="security@commonty.example",
    requires_api=">=1.0,<2",
)


@hookimpl
def register_deliberation_modules() -> Sequence[type[DeliberationModule]]:
    from plugins.bundled.arguments.module import Arguments

    return [Arguments]
