"""Rung E1: a voter shows that they have a mobile phone. The code itself is the core's, and a channel sends it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from plugins.api import Field, FormSpec, ProofRefused, Text
from plugins.api.proving import CodeProof

# Mobile numbers of the United Kingdom by Ofcom's plan. Not 070 (personal numbers, which cost the sender much) and, of
# 076 (pagers), only the Isle of Man's phones.
MOBILE = re.compile(r"\+447(?:[1-57-9][0-9]{8}|624[0-9]{6})")
WRITTEN = str.maketrans("", "", " -.()/\u00a0\u2011\u2013")


def mobile(typed: str) -> str:
    """A British mobile number as people write it, with + and the country; empty for anything else."""
    plain = typed.replace("(0)", "").translate(WRITTEN)
    if plain.startswith("00"):
        plain = "+" + plain[2:]
    if plain.startswith("07"):
        plain = "+44" + plain[1:]
    return plain if MOBILE.fullmatch(plain) else ""


class CodeByPhone(CodeProof):
    key: ClassVar[str] = "code-by-phone"
    label: ClassVar[Text] = Text("Code by text message", "Còd air teachdaireachd teacsa")
    description: ClassVar[Text] = Text(
        "A code is sent to a mobile phone and entered here.",
        "Thèid còd a chur gu fòn-làimhe agus a chur a-steach an seo.",
    )
    rung: ClassVar[str] = "E1"
    namespaces: ClassVar[frozenset[str]] = frozenset({"phone"})
    by: ClassVar[str] = "phone"
    sent: ClassVar[Text] = Text(
        "The code has 6 digits and works for 10 minutes. It can take a minute to arrive.",
        "Tha 6 àireamhan sa chòd agus obraichidh e fad 10 mionaidean. Faodaidh e mionaid a thoirt.",
    )

    def asked(self) -> FormSpec:
        return FormSpec(
            title=Text("What is your mobile number?", "Dè an àireamh fòn-làimhe a th’ agad?"),
            intro=Text(
                "We text you a code to make sure that each phone votes once. We do not use your number for anything "
                "else.",
                "Cuiridh sinn còd thugad air teacsa gus dèanamh cinnteach gum bhòt gach fòn aon turas. Cha chleachd "
                "sinn an àireamh agad airson dad eile.",
            ),
            fields=(
                Field(
                    "phone",
                    "text",
                    Text("Mobile number", "Àireamh fòn-làimhe"),
                    Text("Such as 07700 900123", "Mar 07700 900123"),
                    autocomplete="tel",
                ),
            ),
            submit=Text("Text me a code", "Cuir còd thugam air teacsa"),
            step="address",
        )

    def read(self, callback: Mapping[str, str]) -> str | ProofRefused:
        number = mobile(callback.get("phone", "")[:40])
        if number:
            return number
        reason = Text(
            "Enter a British mobile number such as 07700 900123.",
            "Cuir a-steach àireamh fòn-làimhe Bhreatannach mar 07700 900123.",
        )
        return ProofRefused("phone.invalid", reason, form=self.asked())
