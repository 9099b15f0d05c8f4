"""Rung E3: a voter who has signed in. The sign-in is the core's; this turns its verified facts into roll keys.

The core alone writes names that begin with `session.`; what a browser posts under such a name is dropped before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from plugins.api import (
    EligibilityProof,
    PluginContext,
    Proof,
    ProofRefused,
    Redirect,
    RequestFacts,
    RollKey,
    Text,
)


def address_comparable(address: str) -> str:
    """Small letters, nothing after a plus: the same form in which codes by e-mail know an address."""
    local, _, domain = address.strip().lower().rpartition("@")
    return f"{local.split('+', 1)[0]}@{domain}"


class NationalSignIn(EligibilityProof):
    """Sends the voter to sign-in and reads what came back. A verified address joins the keys, so that somebody who
    has voted with a code cannot vote again by signing in."""

    key: ClassVar[str] = "national-sign-in"
    label: ClassVar[Text] = Text("Sign in", "Clàraich a-steach")
    description: ClassVar[Text] = Text(
        "The voter signs in with the national account.",
        "Clàraichidh am bhòtair a-steach leis a’ chunntas nàiseanta.",
    )
    rung: ClassVar[str] = "E3"
    namespaces: ClassVar[frozenset[str]] = frozenset({"person", "email"})

    def begin(self, context: PluginContext, request_facts: RequestFacts, settings: Any) -> Redirect:
        return Redirect("sign-in")

    def complete(self, context: PluginContext, callback: Mapping[str, str], settings: Any) -> Proof | ProofRefused:
        person = callback.get("session.person", "")
        if not person:
            return ProofRefused(
                code="sign-in.missing",
                reason=Text("You are not signed in.", "Chan eil thu air do chlàradh a-steach."),
                what_to_bring=Text("Sign in and come back.", "Clàraich a-steach agus till."),
            )
        keys = [RollKey("person", person)]
        address = callback.get("session.email", "")
        if address and callback.get("session.email_verified") == "true":
            keys.append(RollKey("email", address_comparable(address)))
        return Proof(roll_keys=tuple(keys), rung=self.rung)
