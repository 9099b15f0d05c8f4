"""Rungs E0 and E1 on paper. A code gives one ballot in a round, to whoever holds it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, SecretStr
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
from plugins.bundled.printed_codes.codes import Batch, code_number, code_written

WRONG = Text(
    "We do not know this code, or it is not valid any more.",
    "Chan aithne dhuinn an còd seo, no chan eil e dligheach tuilleadh.",
)


class PrintedSettings(BaseModel):
    """`secret` is made once, when the plugin is switched on; a new one makes every printed code worthless."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    secret: SecretStr = Setting(
        default_factory=lambda: SecretStr(secrets.token_hex(32)), title="Key by which codes are checked"
    )
    batches: tuple[Batch, ...] = Setting(default=(), title="Batches that were printed")


class _Printed(EligibilityProof):
    """What both kinds share: one field, one check, one roll key."""

    Settings = PrintedSettings
    namespace: ClassVar[str]
    title: ClassVar[Text]
    intro: ClassVar[Text]
    bring: ClassVar[Text]

    def form(self) -> FormSpec:
        name = Text("Code", "Còd")
        hint = Text("12 letters and digits, such as 0001-ABCD-EFGH", "12 litir no àireamh, mar 0001-ABCD-EFGH")
        return FormSpec(
            title=self.title,
            intro=self.intro,
            fields=(Field("code", "text", name, hint, autocomplete="off"),),
            submit=Text("Go on", "Air adhart"),
            step="code",
        )

    def begin(self, context: PluginContext, request_facts: RequestFacts, settings: Any) -> FormSpec:
        return self.form()

    def complete(self, context: PluginContext, callback: Mapping[str, str], settings: Any) -> Proof | ProofRefused:
        number = code_number(settings.secret, self.key, callback.get("code", ""))
        today = context.clock().date()
        good = number is not None and any(
            one.first <= number <= one.last and not one.withdrawn and (one.last_day is None or today <= one.last_day)
            for one in settings.batches
        )
        if not good:
            # One answer for a slip, a guess, a withdrawn and an old code.
            return ProofRefused("printed.refused", WRONG, self.bring, self.form())
        return Proof((RollKey(self.namespace, str(number)),), self.rung)

    def written(self, settings: PrintedSettings, batch: Batch) -> list[str]:
        """The codes of a batch, for whoever prints them."""
        return [code_written(settings.secret, self.key, number) for number in range(batch.first, batch.last + 1)]


class PresenceToken(_Printed):
    key: ClassVar[str] = "presence-token"
    label: ClassVar[Text] = Text("Token from the event", "Tòcan on tachartas")
    description: ClassVar[Text] = Text(
        "The code of a token that a helper gave out where people met.",
        "Còd bho thòcan a thug neach-cuideachaidh seachad aig tachartas.",
    )
    rung: ClassVar[str] = "E0"
    namespace: ClassVar[str] = "token"
    namespaces: ClassVar[frozenset[str]] = frozenset({"token"})
    title: ClassVar[Text] = Text("What does your token say?", "Dè tha sgrìobhte air an tòcan agad?")
    intro: ClassVar[Text] = Text(
        "Each token gives one ballot. We do not ask who you are.",
        "Tha aon bhaileat an cois gach tòcain. Chan fhaighnich sinn cò thu.",
    )
    bring: ClassVar[Text] = Text(
        "Look at the token again, or ask a helper for another one.",
        "Thoir sùil eile air an tòcan, no iarr fear eile air neach-cuideachaidh.",
    )


class CodeCard(_Printed):
    key: ClassVar[str] = "code-card"
    label: ClassVar[Text] = Text("Code from a letter or card", "Còd bho litir no cairt")
    description: ClassVar[Text] = Text(
        "A code that was sent home on paper.",
        "Còd a chaidh a chur dhachaigh air pàipear.",
    )
    rung: ClassVar[str] = "E1"
    namespace: ClassVar[str] = "card"
    namespaces: ClassVar[frozenset[str]] = frozenset({"card"})
    title: ClassVar[Text] = Text("What is the code on your card?", "Dè an còd a th’ air a’ chairt agad?")
    intro: ClassVar[Text] = Text(
        "Each card gives one ballot. The code is not connected with your name.",
        "Tha aon bhaileat an cois gach cairt. Chan eil ceangal eadar an còd agus d’ ainm.",
    )
    bring: ClassVar[Text] = Text(
        "Look at the card again, or ask the council for help.",
        "Thoir sùil eile air a’ chairt, no iarr cuideachadh air a’ chomhairle.",
    )
