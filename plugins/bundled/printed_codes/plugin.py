"""Codes on paper: tokens given out where people meet, and cards sent to a home."""

from __future__ import annotations

from collections.abc import Sequence

from plugins.api import EligibilityProof, PluginInfo, hookimpl
from plugins.bundled.printed_codes.proof import CodeCard, PresenceToken

PLUGIN = PluginInfo(
    name="printed-codes",
    version="1.0.0",
    author="Commonty",
    licence="Apache-2.0",
    security_contact="security@commonty.example",
    requires_api=">=1.0,<2",
)


@hookimpl
def register_eligibility_proofs() -> Sequence[type[EligibilityProof]]:
    return [PresenceToken, CodeCard]
