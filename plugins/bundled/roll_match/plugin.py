"""Proof by a name on a list. The list goes once the round's result is published, or the round is over."""

from __future__ import annotations

from collections.abc import Sequence

from plugins.api import EligibilityProof, PluginContext, PluginInfo, ResultPublished, RoundPhaseChanged, hookimpl

PLUGIN = PluginInfo(
    name="roll-match",
    version="1.0.0",
    author="Commonty",
    licence="Apache-2.0",
    security_contact="security@commonty.example",
    requires_api=">=1.0,<2",
)


@hookimpl
def register_eligibility_proofs() -> Sequence[type[EligibilityProof]]:
    from plugins.bundled.roll_match.proof import RollMatch

    return [RollMatch]


@hookimpl
def result_published(context: PluginContext, event: ResultPublished) -> None:
    from plugins.bundled.roll_match.proof import drop

    drop(event.round)


@hookimpl
def round_phase_changed(context: PluginContext, event: RoundPhaseChanged) -> None:
    from plugins.bundled.roll_match.proof import drop

    if event.target in ("cancelled", "closed"):
        drop(event.round)
