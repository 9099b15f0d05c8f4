"""Rung E1: a voter shows that they can read an e-mail address. The code itself is the core's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from plugins.api import Field, FormSpec, ProofRefused, Text
from plugins.api.proving import CodeProof

ADDRESS = re.compile(r"^[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]+\.[^@\s,;<>\".]{2,63}$")
LONGEST = 254


class CodeByEmail(CodeProof):
    key: ClassVar[str] = "code-by-email"
    label: ClassVar[Text] = Text("Code by e-mail", "Còd air a’ phost-d")
    description: ClassVar[Text] = Text(
        "A code is sent to an e-mail address and entered here.",
        "Thèid còd a chur gu seòladh puist-d agus a chur a-steach an seo.",
    )
    rung: ClassVar[str] = "E1"
    namespaces: ClassVar[frozenset[str]] = frozenset({"email"})
    by: ClassVar[str] = "email"
    sent: ClassVar[Text] = Text(
        "The code has 6 digits and works for 10 minutes. It can take a minute to arrive; look in your spam folder too.",
        "Tha 6 àireamhan sa chòd agus obraichidh e fad 10 mionaidean. Faodaidh e mionaid a thoirt; thoir sùil sa "
        "phasgan spama cuideachd.",
    )

    def asked(self) -> FormSpec:
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

    def read(self, callback: Mapping[str, str]) -> str | ProofRefused:
        address = callback.get("email", "").strip()
        if len(address) <= LONGEST and ADDRESS.match(address):
            return address
        reason = Text(
            "Enter an e-mail address such as name@example.com.",
            "Cuir a-steach seòladh puist-d mar ainm@example.com.",
        )
        return ProofRefused("email.invalid", reason, form=self.asked())
