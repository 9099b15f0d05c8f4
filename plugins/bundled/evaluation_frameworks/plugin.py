"""The national indicators, the Glasgow toolkit and the Charter self-check."""

from __future__ import annotations

from collections.abc import Sequence

from plugins.api import EvaluationModule, PluginInfo, hookimpl
from plugins.bundled.evaluation_frameworks.modules import CharterCheck, GlasgowToolkit, NationalCore

PLUGIN = PluginInfo(
    name="evaluation-frameworks",
    version="1.0.0",
    author="Commonty",
    licence="Apache-2.0",
    security_contact="security@commonty.example",
    requires_api=">=1.0,<2",
)


@hookimpl
def register_evaluation_modules() -> Sequence[type[EvaluationModule]]:
    return [NationalCore, GlasgowToolkit, CharterCheck]
