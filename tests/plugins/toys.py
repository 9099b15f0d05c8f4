"""Small modules of every kind that keep the contract, for the tests of the suite: each of its rules has a wrong
variant of one of these, which it must catch."""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Setting

from plugins.api import (
    Action,
    ActionAnswer,
    Address,
    Audience,
    Capability,
    Contribution,
    DeliberationModule,
    DeliberationSummary,
    DeliveryState,
    DeliveryUpdate,
    ErasureReport,
    EvaluationModule,
    Exporter,
    Field,
    FormSpec,
    Indicator,
    IndicatorValue,
    Instrument,
    Limits,
    LocalisedText,
    Manifest,
    ModerationItem,
    Moment,
    NotificationChannel,
    Page,
    PermanentFailure,
    PersonalData,
    PersonalDataClass,
    Problem,
    ReportSpec,
    Section,
    SendReceipt,
    TemplateRef,
    TemporaryFailure,
    Text,
    Unit,
    Verdict,
)

LABEL = Text("A toy for tests", "Dèideag airson dheuchainnean")
DESCRIPTION = Text("Does what tests of the suite need.", "Nì seo na tha a dhìth air deuchainnean.")


class ToySettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int = Setting(default=3, ge=1, title="A number")


# A channel, and its carrier.

CARRIED: list[Any] = []
REFUSING: list[str] = []
KEPT: dict[str, str] = {}
KEY = b"carrier"


class ToyChannel(NotificationChannel):
    key = "toy-channel"
    label = LABEL
    description = DESCRIPTION
    Settings: ClassVar[type[BaseModel]] = ToySettings

    def address(self, recipient: Any) -> Address | None:
        return Address("email", recipient.email) if recipient.email else None

    def render_limits(self) -> Limits:
        return Limits()

    def send(self, context: Any, message: Any, settings: Any) -> SendReceipt:
        if "temporary" in REFUSING:
            raise TemporaryFailure("busy", retry_after=30)
        if "permanent" in REFUSING:
            raise PermanentFailure("no such address")
        if message.idempotency_key not in KEPT:
            CARRIED.append(message)
            KEPT[message.idempotency_key] = f"ref-{len(CARRIED)}"
        return SendReceipt(KEPT[message.idempotency_key])

    def updates(self, headers: Any, body: bytes, settings: Any) -> list[DeliveryUpdate]:
        if not hmac.compare_digest(headers.get("signature", ""), hmac.new(KEY, body, "sha256").hexdigest()):
            raise PermanentFailure("signature")
        return [DeliveryUpdate("ref-1", DeliveryState.DELIVERED)]


@contextmanager
def carrier_failing(how: str) -> Iterator[None]:
    REFUSING.append(how)
    try:
        yield
    finally:
        REFUSING.clear()


# An exporter.


class ToyCsv(Exporter):
    key = "toy-csv"
    label = LABEL
    description = DESCRIPTION
    media_type = "text/csv"
    suffix = ".csv"
    personal_data = PersonalDataClass.NONE

    def safe(self, value: Any) -> Any:
        text = str(value)
        return f"'{text}" if text.lstrip()[:1] in ("=", "+", "-", "@") and not isinstance(value, int) else value

    def write(self, dataset: Any, out: Any, filters: Any, progress: Any) -> Manifest:
        digest, done = hashlib.sha256(), 0
        names = tuple(column.name for column in dataset.columns("projects"))

        def put(cells: Any) -> None:
            line = io.StringIO()
            csv.writer(line).writerow(cells)
            data = line.getvalue().encode("utf-8", "replace")
            digest.update(data)
            out.write(data)

        put(names)
        for row in dataset.rows("projects"):
            put([self.safe(row[name]) for name in names])
            done += 1
            if done % 1000 == 0:
                progress(done)
        return Manifest(done, names, digest.hexdigest())


# An evaluation.


class ToyEvaluation(EvaluationModule):
    key = "toy-evaluation"
    label = LABEL
    description = DESCRIPTION

    def instruments(self, settings: Any) -> list[Instrument]:
        question = Field("clear", "number", Text("How clear was it?", "Dè cho soilleir ’s a bha e?"))
        form = FormSpec(Text("A survey", "Suirbhidh"), (question,), Text("Send", "Cuir"))
        return [Instrument("survey", form.title, form, Audience.PARTICIPANT, Moment.AT_CLOSE, 365)]

    def indicators(self, settings: Any) -> list[Indicator]:
        title = Text("Turnout of the vote", "Às an do bhòt")
        said = Text("Ballots over people who may vote", "Bhòtaichean thairis air daoine aig a bheil còir")
        return [Indicator("T1", title, said, Unit.SHARE, said, said, suppress_below=5)]

    def measure(self, context: Any, facts: Any, answers: Any) -> list[IndicatorValue]:
        if facts.ballots is None or not facts.eligible:
            return [IndicatorValue("T1", missing=Text("No vote has been held", "Cha deach bhòt a chumail"))]
        return [IndicatorValue("T1", facts.ballots.valid, facts.eligible, people=facts.ballots.valid)]

    def report(self, context: Any, values: Any, answers: Any) -> ReportSpec:
        return ReportSpec(Text("Report", "Aithisg"), (Section(Text("Turnout", "A’ bhòt")),))


# A deliberation: kept by tenant in this process alone.

BOX: dict[str, list[dict[str, Any]]] = {}
FROZEN: set[tuple[str, str]] = set()
EMPTY = Problem("empty", Text("Write something first.", "Sgrìobh rudeigin an toiseach."), "words")
CLOSED = Problem("frozen", Text("This is closed.", "Tha seo dùinte."))


class ToyDeliberation(DeliberationModule):
    key = "toy-deliberation"
    label = LABEL
    description = DESCRIPTION

    def rows(self, context: Any, subject: Any = None) -> list[dict[str, Any]]:
        kept = BOX.setdefault(context.tenant_key, [])
        return [row for row in kept if row["state"] == "open" and (subject is None or row["subject"] == subject)]

    def panel(self, context: Any, subject: Any, viewer: Any, draft: Any) -> TemplateRef:
        rules = tuple(Text(row["words"], f"{row['words']} ") for row in self.rows(context, subject))
        return TemplateRef("plugin_host/ballot_rules.html", {"rules": rules})

    def actions(self) -> list[Action]:
        return [Action("say", Capability.TAKE_PART, "say")]

    def say(self, context: Any, subject: Any, viewer: Any, fields: Any) -> ActionAnswer:
        words = fields["words"][0]
        if (context.tenant_key, subject.uuid) in FROZEN:
            return ActionAnswer((CLOSED,))
        if not words.strip("\x00 \n\t"):
            return ActionAnswer((EMPTY,))
        kept = BOX.setdefault(context.tenant_key, [])
        row = {"ref": f"c{len(kept)}", "subject": subject, "words": words, "by": viewer.person.pseudonym}
        kept.append({**row, "state": "open", "at": context.clock()})
        return ActionAnswer(anchor=row["ref"])

    def summaries(self, context: Any, subjects: Any) -> dict[Any, DeliberationSummary]:
        return {one: DeliberationSummary(contributions=len(self.rows(context, one))) for one in subjects}

    def moderation_queue(self, context: Any, cursor: str) -> Page[ModerationItem]:
        return Page(
            tuple(
                ModerationItem(row["ref"], row["subject"], row["words"], row["at"], row["state"])
                for row in self.rows(context)[-50:]
            )
        )

    def moderate(self, context: Any, item: str, decision: Verdict, reason: str) -> None:
        for row in BOX[context.tenant_key]:
            if row["ref"] == item:
                row["state"] = "hidden" if decision is Verdict.HIDE else "open"

    def freeze(self, context: Any, round: Any) -> None:
        FROZEN.add((context.tenant_key, round.uuid))

    def contributions(self, context: Any, round: Any) -> list[Contribution]:
        return [
            Contribution(row["ref"], row["subject"], "comment", LocalisedText(row["words"]), row["at"])
            for row in self.rows(context, round)
        ]

    def personal_data(self, context: Any, person: Any) -> PersonalData:
        mine = tuple(
            {"words": row["words"]} for row in BOX.get(context.tenant_key, []) if row["by"] == person.pseudonym
        )
        return PersonalData({"comments": mine} if mine else {})

    def erase(self, context: Any, person: Any) -> ErasureReport:
        kept = BOX.get(context.tenant_key, [])
        left = [row for row in kept if row["by"] != person.pseudonym]
        BOX[context.tenant_key] = left
        return ErasureReport(deleted={"comments": len(kept) - len(left)})
