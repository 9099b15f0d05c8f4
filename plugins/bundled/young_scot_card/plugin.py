"""Proof by a Young Scot card."""

from __future__ import annotations

from collections.abc import Sequence

from plugins.api import EligibilityProof, PluginInfo, hookimpl
from plugins.bundled.young_scot_card.proof import YoungScotCard

PLUGIN = PluginInfo(
    name="young-scot-card",
    version="1.0.0",
    author="Commonty",
    licence="Apache-2.0",
    security_contact="security@commonty.example",
    requires_api=">=1.0,<2",
)


@hookimpl
def register_eligibility_proofs() -> Sequence[type[EligibilityProof]]:
    return [YoungScotCard]
