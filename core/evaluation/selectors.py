"""Reports of a round as they may be seen: measured by each active module over the same facts, then suppressed."""

from __future__ import annotations

from core.evaluation.facts import facts_of
from core.evaluation.suppression import suppressed
from core.rounds.models import Round
from plugins.api import ReportSpec
from plugins.host.context import plugin_context
from plugins.host.failures import PluginFailure
from plugins.host.selectors import active_modules, module_settings

ALWAYS = "national-core"


def reports_of(round: Round) -> tuple[list[ReportSpec], list[str]]:
    """The national figures first, then the others; and the keys of modules that could not answer."""
    facts = facts_of(round)
    found: list[ReportSpec] = []
    silent: list[str] = []
    for module in sorted(active_modules("evaluation"), key=lambda one: (one.key != ALWAYS, one.key)):
        try:
            context = plugin_context(module_settings("evaluation", module.key))
            values = module.measure(context, facts, ())
            if all(value.missing.en for value in values):
                # Nothing was asked and nothing follows from facts: an empty form tells residents nothing.
                continue
            found.append(suppressed(module.report(context, values, ())))
        except PluginFailure:
            silent.append(module.key)
    return found, silent
