"""Proof by a code sent to a mobile phone."""

from __future__ import annotations

from collections.abc import Sequence

from plugins.api import EligibilityProof, PluginInfo, hookimpl
from plugins.bundled.code_by_phone.proof import CodeByPhone

PLUGIN = PluginInfo(
    name="code-by-phone",
    version="1.0.0",
    author="Commonty",
    licence="Apache-2.0",
    security_contact="security@commonty.example",
    requires_api=">=1.0,<2",
)


@hookimpl
def register_eligibility_proofs() -> Sequence[type[EligibilityProof]]:
    return [CodeByPhone]
