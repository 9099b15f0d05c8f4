"""Rung E2: what somebody types is on the list that an officer has handed in for this round."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, SecretStr
from pydantic import Field as Setting

from plugins.api import (
    EligibilityProof,
    Field,
    FormSpec,
    ListTaken,
    PluginContext,
    Proof,
    ProofRefused,
    RequestFacts,
    RollKey,
    SubjectRef,
    Text,
)
from plugins.bundled.roll_match import reading, tries
from plugins.bundled.roll_match.models import RollLine, RollList
from plugins.bundled.roll_match.reading import AREA, digest

AT_ONCE = 5000
FIELDS: Mapping[str, Field] = {
    "first_name": Field("first_name", "text", Text("First name", "Ciad ainm"), autocomplete="given-name"),
    "last_name": Field("last_name", "text", Text("Last name", "Sloinneadh"), autocomplete="family-name"),
    "postcode": Field("postcode", "text", Text("Postcode", "Còd-puist"), autocomplete="postal-code"),
    "birth_date": Field(
        "birth_date",
        "text",
        Text("Date of birth", "Ceann-là breith"),
        Text("Such as 24/11/1990", "Mar 24/11/1990"),
        autocomplete="bday",
    ),
    "number": Field(
        "number",
        "text",
        Text("Number on your letter or card", "An àireamh air do litir no cairt"),
        autocomplete="off",
    ),
}


LOCKED = ProofRefused(
    code="roll.tries",
    reason=Text(
        "This was tried too often with these details, so it is closed for an hour.",
        "Chaidh seo fheuchainn ro thric leis an fhiosrachadh seo, agus mar sin tha e dùinte fad uair a thìde.",
    ),
    what_to_bring=Text(
        "Come back later, use another way, or ask the council.",
        "Till a-rithist, cleachd dòigh eile, no faighnich den chomhairle.",
    ),
)


class RollSettings(BaseModel):
    """`secret` is made once, when the plugin is switched on; a new one makes every list worthless."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    secret: SecretStr = Setting(
        default_factory=lambda: SecretStr(secrets.token_hex(32)), title="Key by which lists are compared"
    )
    birth_date: bool = Setting(default=False, title="Ask the date of birth too")
    number: bool = Setting(default=False, title="Ask a number too (such as one from a letter)")

    @property
    def columns(self) -> tuple[str, ...]:
        """What voters are asked, and so what a list has, in this order."""
        more = (("birth_date", self.birth_date), ("number", self.number))
        return ("first_name", "last_name", "postcode", *(name for name, wanted in more if wanted))


class RollMatch(EligibilityProof):
    key: ClassVar[str] = "roll-match"
    label: ClassVar[Text] = Text("Name on a list", "Ainm air liosta")
    description: ClassVar[Text] = Text(
        "A few details are looked up on a list that the council has handed in.",
        "Thèid beagan fiosrachaidh a lorg air liosta a thug a’ chomhairle seachad.",
    )
    rung: ClassVar[str] = "E2"
    namespaces: ClassVar[frozenset[str]] = frozenset({"roll"})
    Settings = RollSettings
    takes_list: ClassVar[bool] = True

    def begin(self, context: PluginContext, request_facts: RequestFacts, settings: Any) -> FormSpec:
        return self._form(settings)

    def complete(self, context: PluginContext, callback: Mapping[str, str], settings: Any) -> Proof | ProofRefused:
        round = callback.get("session.round", "")
        secret = settings.secret.get_secret_value()
        at = tries.place(secret, round, settings.columns, callback)
        if tries.locked(at):
            return LOCKED
        mark = digest(secret, round, settings.columns, callback)
        line = None
        if mark is not None and round:
            lines = RollLine.objects.filter(list__round=UUID(round), list__columns="|".join(settings.columns))
            line = lines.filter(digest=mark).first()
        if mark is None or line is None:
            tries.missed(at)
            # One answer for a slip, a stranger and a list that is not there: a guesser learns nothing from it.
            return ProofRefused(
                code="roll.unknown",
                reason=Text(
                    "We did not find you on the list for this vote.", "Cha do lorg sinn thu air liosta na bhòt seo."
                ),
                what_to_bring=Text(
                    "Check how your name and postcode are written, use another way, or ask the council.",
                    "Thoir sùil air mar a tha d’ ainm is do chòd-puist sgrìobhte, cleachd dòigh eile, no faighnich "
                    "den chomhairle.",
                ),
                form=self._form(settings),
            )
        claims = {AREA: line.area} if line.area else {}
        return Proof((RollKey("roll", mark.hex()),), self.rung, claims)

    def _form(self, settings: RollSettings) -> FormSpec:
        return FormSpec(
            title=Text("Are you on the list?", "A bheil thu air an liosta?"),
            intro=Text(
                "We compare this with a list of people who may vote, and keep none of it with your ballot.",
                "Nì sinn coimeas ri liosta de dhaoine a dh’fhaodas bhòtadh, agus cha chumar dad dheth leis a’ bhòt "
                "agad.",
            ),
            fields=tuple(FIELDS[name] for name in settings.columns),
            submit=Text("Go on", "Air adhart"),
            step="roll",
        )

    # -- the list -----------------------------------------------------------------------------------------------------

    def list_columns(self, settings: Any) -> Sequence[str]:
        columns: tuple[str, ...] = settings.columns
        return (*columns, AREA)

    def list_take(self, context: PluginContext, round: SubjectRef, data: bytes, settings: Any) -> ListTaken:
        found = reading.people(
            data, secret=settings.secret.get_secret_value(), round=round.uuid, columns=settings.columns
        )
        self.list_drop(context, round)
        row = RollList(
            round=UUID(round.uuid), columns="|".join(settings.columns), people=len(found), taken_at=context.clock()
        )
        row.save(force_insert=True)
        lines = [RollLine(list=row, digest=one.digest, area=one.area) for one in found]
        RollLine.objects.bulk_create(lines, batch_size=AT_ONCE)
        return ListTaken(row.people, row.taken_at)

    def list_drop(self, context: PluginContext, round: SubjectRef) -> int:
        return drop(round)

    def lists(self, context: PluginContext, rounds: Sequence[SubjectRef]) -> Mapping[SubjectRef, ListTaken]:
        by_id = {UUID(one.uuid): one for one in rounds}
        rows = RollList.objects.filter(round__in=list(by_id))
        return {by_id[row.round]: ListTaken(row.people, row.taken_at) for row in rows}


def drop(round: SubjectRef) -> int:
    """Delete the list of a round; how many people stood on it."""
    row = RollList.objects.filter(round=UUID(round.uuid)).first()
    if row is None:
        return 0
    people = row.people
    row.delete()
    return people
