"""Rules that fund projects by votes, most first."""

from __future__ import annotations

from collections.abc import Sequence

from plugins.api import OutcomeRule, PluginInfo, hookimpl
from plugins.bundled.outcome_greedy.rule import GreedySkip, GreedyStop

PLUGIN = PluginInfo(
    name="outcome-greedy",
    version="1.0.0",
    author="Commonty",
    licence="Apache-2.0",
    security_contact="security@commonty.example",
    requires_api=">=1.0,<2",
)


@hookimpl
def register_outcome_rules() -> Sequence[type[OutcomeRule]]:
    return [GreedySkip, GreedyStop]
