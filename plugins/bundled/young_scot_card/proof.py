"""Rung E1: the number on a Young Scot card with the code of a school. No date of birth and no e-mail address."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Setting

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

DIGITS = 16


class CardSettings(BaseModel):
    """Numbers begin with `prefix`. Without school codes nobody gets in: a number alone can be guessed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prefix: str = Setting(default="", pattern=r"^[0-9]{0,8}$", title="First digits of every card (empty: any)")
    school_codes: tuple[str, ...] = Setting(default=(), title="Codes of the schools that take part")


def number_good(number: str) -> bool:
    """16 digits whose last one is the check digit of the others (Luhn, ISO/IEC 7812-1)."""
    if len(number) != DIGITS or not (number.isascii() and number.isdigit()):
        return False
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(number)]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def card_form() -> FormSpec:
    return FormSpec(
        title=Text("Your Young Scot card", "A’ chairt Young Scot agad"),
        intro=Text(
            "We use the number only to make sure that each card votes once. We do not ask your name or your birthday.",
            "Cha chleachd sinn an àireamh ach gus dèanamh cinnteach gum bhòt gach cairt aon turas. Chan fhaighnich "
            "sinn d’ ainm no do cho-là-breith.",
        ),
        fields=(
            Field("card", "code", Text("Number on the card", "An àireamh air a’ chairt"), autocomplete="off"),
            Field(
                "school",
                "text",
                Text("Code of your school", "Còd na sgoile agad"),
                Text("Your school tells you the code.", "Innsidh an sgoil an còd dhut."),
                autocomplete="off",
            ),
        ),
        submit=Text("Go on", "Air adhart"),
        step="card",
    )


class YoungScotCard(EligibilityProof):
    key: ClassVar[str] = "young-scot-card"
    label: ClassVar[Text] = Text("Young Scot card", "Cairt Young Scot")
    description: ClassVar[Text] = Text(
        "The number of a Young Scot card and the code of the school.",
        "Àireamh cairt Young Scot agus còd na sgoile.",
    )
    rung: ClassVar[str] = "E1"
    namespaces: ClassVar[frozenset[str]] = frozenset({"young-scot"})
    Settings = CardSettings

    def begin(self, context: PluginContext, request_facts: RequestFacts, settings: Any) -> FormSpec:
        return card_form()

    def complete(self, context: PluginContext, callback: Mapping[str, str], settings: Any) -> Proof | ProofRefused:
        number = "".join(callback.get("card", "").split()).replace("-", "")
        if not number_good(number) or not number.startswith(settings.prefix):
            reason = Text(
                "This is not the number of a Young Scot card. It has 16 digits.",
                "Chan e seo àireamh cairt Young Scot. Tha 16 àireamhan innte.",
            )
            return ProofRefused("card.number", reason, form=card_form())
        typed = callback.get("school", "").strip().casefold().encode()
        known = [hmac.compare_digest(typed, one.strip().casefold().encode()) for one in settings.school_codes]
        if not any(known):
            reason = Text("We do not know this school code.", "Chan aithne dhuinn an còd sgoile seo.")
            bring = Text("Ask at your school.", "Faighnich aig an sgoil agad.")
            return ProofRefused("card.school", reason, bring, card_form())
        return Proof((RollKey("young-scot", number),), self.rung)
