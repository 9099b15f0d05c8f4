"""Sequential Phragmén as an outcome rule."""

from __future__ import annotations

from collections.abc import Sequence

from plugins.api import OutcomeRule, PluginInfo, hookimpl
from plugins.bundled.outcome_phragmen.rule import Phragmen

PLUGIN = PluginInfo(
    name="outcome-phragmen",
    version="1.0.0",
    author="Commonty",
    licence="Apache-2.0",
    security_contact="security@commonty.example",
    requires_api=">=1.0,<2",
)


@hookimpl
def register_outcome_rules() -> Sequence[type[OutcomeRule]]:
    return [Phragmen]
