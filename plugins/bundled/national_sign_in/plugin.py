"""Proof by national sign-in."""

from __future__ import annotations

from collections.abc import Sequence

from plugins.api import EligibilityProof, PluginInfo, hookimpl
from plugins.bundled.national_sign_in.proof import NationalSignIn

PLUGIN = PluginInfo(
    name="national-sign-in",
    version="1.0.0",
    author="Commonty",
    licence="Apache-2.0",
    security_contact="security@commonty.example",
    requires_api=">=1.0,<2",
)


@hookimpl
def register_eligibility_proofs() -> Sequence[type[EligibilityProof]]:
    return [NationalSignIn]
