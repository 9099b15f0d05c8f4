"""Rung E1: a voter shows that they can read an address. The code itself is the core's; this asks and hands on.

The core keeps `FormSpec.step` and gives it back as `step`: it holds the handle of the code that was sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from plugins.api import (
    EligibilityProof,
    Field,
    FormSpec,
    PluginContext,
    Proof,
    ProofRefused,
    RequestFacts,
    RollKey,
    Text,
)

ADDRESS = re.compile(r"^[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]+\.[^@\s,;<>\".]{2,63}$")
LONGEST = 254
CODE_STEP = "code:"


def address_form() -> FormSpec:
    return FormSpec(
        title=Text("What is your e-mail address?", "Dè an seòladh puist-d a th’ agad?"),
        intro=Text(
            "We send you a code to make sure that each person votes once. We do not use your address for anything "
            "else.",
            "Cuiridh sinn còd thugad gus dèanamh cinnteach gum bhòt gach neach aon turas. Cha chleachd sinn do "
            "sheòladh airson dad eile.",
        ),
        fields=(Field("email", "email", Text("E-mail address", "Seòladh puist-d"), autocomplete="email"),),
        submit=Text("Send me a code", "Cuir còd thugam"),
        step="address",
    )


def code_form(handle: str) -> FormSpec:
    return FormSpec(
        title=Text("Enter the code we sent you", "Cuir a-steach an còd a chuir sinn thugad"),
        intro=Text(
            "The code has 6 digits and works for 10 minutes. It can take a minute to arrive; look in your spam folder "
            "too.",
            "Tha 6 àireamhan sa chòd agus obraichidh e fad 10 mionaidean. Faodaidh e mionaid a thoirt; thoir sùil sa "
            "phasgan spama cuideachd.",
        ),
        fields=(Field("code", "code", Text("Code", "Còd"), autocomplete="one-time-code"),),
        submit=Text("Go on", "Air adhart"),
        step=CODE_STEP + handle,
    )


class CodeByEmail(EligibilityProof):
    """Asks for an address, then for the code sent to it."""

    key: ClassVar[str] = "code-by-email"
    label: ClassVar[Text] = Text("Code by e-mail", "Còd air a’ phost-d")
    description: ClassVar[Text] = Text(
        "The voter enters a code that was sent to their e-mail address.",
        "Cuiridh am bhòtair a-steach còd a chaidh a chur gun seòladh puist-d aca.",
    )
    rung: ClassVar[str] = "E1"
    namespaces: ClassVar[frozenset[str]] = frozenset({"email"})

    def begin(self, context: PluginContext, request_facts: RequestFacts, settings: Any) -> FormSpec:
        return address_form()

    def complete(
        self, context: PluginContext, callback: Mapping[str, str], settings: Any
    ) -> Proof | ProofRefused | FormSpec:
        step = callback.get("step", "")
        if not step.startswith(CODE_STEP):
            return self._send(context, callback)
        handle = step.removeprefix(CODE_STEP)
        address = context.codes.redeem(handle=handle, code=callback.get("code", ""))
        if address is None:
            # One answer for a wrong, used, old or locked code: a guesser learns nothing from it.
            return ProofRefused(
                code="code.refused",
                reason=Text(
                    "That code is wrong, was used already or is too old.",
                    "Tha an còd sin ceàrr, chaidh a chleachdadh mu thràth no tha e ro shean.",
                ),
                what_to_bring=Text(
                    "Check the newest message from us, or ask for a new code.",
                    "Thoir sùil air an teachdaireachd as ùire bhuainn, no iarr còd ùr.",
                ),
                form=code_form(handle),
            )
        return Proof(roll_keys=(RollKey("email", address),), rung=self.rung)

    def _send(self, context: PluginContext, callback: Mapping[str, str]) -> ProofRefused | FormSpec:
        address = callback.get("email", "").strip()
        if len(address) > LONGEST or not ADDRESS.match(address):
            return ProofRefused(
                code="email.invalid",
                reason=Text(
                    "Enter an e-mail address such as name@example.com.",
                    "Cuir a-steach seòladh puist-d mar ainm@example.com.",
                ),
                form=address_form(),
            )
        language = "gd" if callback.get("session.language") == "gd" else "en"
        return code_form(context.codes.issue(to=address, language=language))
