"""Proof by a code sent to an e-mail address."""

from __future__ import annotations

from collections.abc import Sequence

from plugins.api import EligibilityProof, PluginInfo, hookimpl
from plugins.bundled.code_by_email.proof import CodeByEmail

PLUGIN = PluginInfo(
    name="code-by-email",
    version="1.0.0",
    author="Commonty",
    licence="Apache-2.0",
    security_contact="security@commonty.example",
    requires_api=">=1.0,<2",
)


@hookimpl
def register_eligibility_proofs() -> Sequence[type[EligibilityProof]]:
    return [CodeByEmail]
