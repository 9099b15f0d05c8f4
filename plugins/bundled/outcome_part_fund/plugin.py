"""Most votes first, with a part for a project that does not fit."""

from __future__ import annotations

from collections.abc import Sequence

from plugins.api import OutcomeRule, PluginInfo, hookimpl
from plugins.bundled.outcome_part_fund.rule import GreedyPartFund

PLUGIN = PluginInfo(
    name="outcome-part-fund",
    version="1.0.0",
    author="Commonty",
    licence="Apache-2.0",
    security_contact="security@commonty.example",
    requires_api=">=1.0,<2",
)


@hookimpl
def register_outcome_rules() -> Sequence[type[OutcomeRule]]:
    return [GreedyPartFund]
