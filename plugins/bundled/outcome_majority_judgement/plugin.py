"""Majority judgement as an outcome rule."""

from __future__ import annotations

from collections.abc import Sequence

from plugins.api import OutcomeRule, PluginInfo, hookimpl
from plugins.bundled.outcome_majority_judgement.rule import MajorityJudgement

PLUGIN = PluginInfo(
    name="outcome-majority-judgement",
    version="1.0.0",
    author="Commonty",
    licence="Apache-2.0",
    security_contact="security@commonty.example",
    requires_api=">=1.0,<2",
)


@hookimpl
def register_outcome_rules() -> Sequence[type[OutcomeRule]]:
    return [MajorityJudgement]
