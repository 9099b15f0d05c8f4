"""Bases for two common ways of proving a right to vote: a code that was sent, and a sign-in with the core.

A code is made, sent, counted and burnt by the core (`PluginContext.codes`): every proof that stands on `CodeProof` has
the same lock-out, and answers alike and after the same work for any address.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from plugins.api.kinds import EligibilityProof, PluginContext
from plugins.api.text import Text
from plugins.api.values import Field, FormSpec, Proof, ProofRefused, Redirect, RequestFacts, RollKey

CODE_STEP = "code:"
LANGUAGES = ("en", "gd")
WRONG_CODE = Text(
    "That code is wrong, was used already or is too old.",
    "Tha an còd sin ceàrr, chaidh a chleachdadh mu thràth no tha e ro shean.",
)
NEW_CODE = Text(
    "Check the newest message from us, or ask for a new code.",
    "Thoir sùil air an teachdaireachd as ùire bhuainn, no iarr còd ùr.",
)


class CodeProof(EligibilityProof):
    """Asks for an address, then for the code sent to it. `by` is the kind of address: `email` or `phone`.

    The core keeps `FormSpec.step` and gives it back as `step`: it holds the handle of the code that was sent.
    """

    by: ClassVar[str]
    sent: ClassVar[Text]
    """Where to look for the code, in a sentence or two."""

    @abstractmethod
    def asked(self) -> FormSpec:
        """The form that asks for the address."""

    @abstractmethod
    def read(self, callback: Mapping[str, str]) -> str | ProofRefused:
        """The address that was typed, in the form in which the core sends to it; or why it is none."""

    def begin(self, context: PluginContext, request_facts: RequestFacts, settings: Any) -> FormSpec:
        return self.asked()

    def complete(
        self, context: PluginContext, callback: Mapping[str, str], settings: Any
    ) -> Proof | ProofRefused | FormSpec:
        step = callback.get("step", "")
        if not step.startswith(CODE_STEP):
            to = self.read(callback)
            if isinstance(to, ProofRefused):
                return to
            language = callback.get("session.language", "")
            language = language if language in LANGUAGES else LANGUAGES[0]
            return self._code_form(context.codes.issue(to=to, language=language, by=self.by))
        handle = step.removeprefix(CODE_STEP)
        address = context.codes.redeem(handle=handle, code=callback.get("code", ""))
        if address is None:
            # One answer for a wrong, used, old or locked code: a guesser learns nothing from it.
            return ProofRefused("code.refused", WRONG_CODE, NEW_CODE, self._code_form(handle))
        return Proof(roll_keys=(RollKey(self.by, address),), rung=self.rung)

    def _code_form(self, handle: str) -> FormSpec:
        return FormSpec(
            title=Text("Enter the code we sent you", "Cuir a-steach an còd a chuir sinn thugad"),
            intro=self.sent,
            fields=(Field("code", "code", Text("Code", "Còd"), autocomplete="one-time-code"),),
            submit=Text("Go on", "Air adhart"),
            step=CODE_STEP + handle,
        )


def email_comparable(address: str) -> str:
    """Small letters, nothing after a plus: the form in which the core's codes know an address."""
    local, _, domain = address.strip().lower().rpartition("@")
    return f"{local.split('+', 1)[0]}@{domain}"


class SignInProof(EligibilityProof):
    """Sends the voter to the core's sign-in and reads what came back: the person, and a verified address, so that
    somebody who has voted with a code cannot vote again by signing in.

    The core alone writes names that begin with `session.`; what a browser posts under such a name is dropped before.
    """

    namespaces: ClassVar[frozenset[str]] = frozenset({"person", "email"})

    def enough(self, callback: Mapping[str, str]) -> ProofRefused | None:
        """Why this sign-in is not enough for the rung; None where it is."""
        return None

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
        refused = self.enough(callback)
        if refused is not None:
            return refused
        keys = [RollKey("person", person)]
        address = callback.get("session.email", "")
        if address and callback.get("session.email_verified") == "true":
            keys.append(RollKey("email", email_comparable(address)))
        return Proof(roll_keys=tuple(keys), rung=self.rung)
