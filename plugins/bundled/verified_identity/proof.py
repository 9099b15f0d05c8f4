"""Rung E4: a voter who has signed in with an account whose identity a national provider has checked.

What the provider has told is reduced to a rung of our ladder by the core; `session.rung` is that word and nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from plugins.api import ProofRefused, Text
from plugins.api.proving import SignInProof


class VerifiedIdentity(SignInProof):
    key: ClassVar[str] = "verified-identity"
    label: ClassVar[Text] = Text("Sign in with a checked identity", "Clàraich a-steach le dearbh-aithne dhearbhte")
    description: ClassVar[Text] = Text(
        "By signing in with a national account whose identity was checked.",
        "Le clàradh a-steach le cunntas nàiseanta aig an deach an dearbh-aithne a dhearbhadh.",
    )
    rung: ClassVar[str] = "E4"

    def enough(self, callback: Mapping[str, str]) -> ProofRefused | None:
        if callback.get("session.rung") == self.rung:
            return None
        return ProofRefused(
            code="identity.unchecked",
            reason=Text(
                "You are signed in, but nobody has checked your identity for this account.",
                "Tha thu air do chlàradh a-steach, ach cha do dhearbh duine do dhearbh-aithne airson a’ chunntais seo.",
            ),
            what_to_bring=Text(
                "Have your identity checked with your national account, or use another way.",
                "Faigh dearbhadh air do dhearbh-aithne leis a’ chunntas nàiseanta agad, no cleachd dòigh eile.",
            ),
        )
