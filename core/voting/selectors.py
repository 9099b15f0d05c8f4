"""Reads of the vote. Nothing that can be counted is told before the result is published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.counting.receipt import receipt_hash
from core.kernel.clock import database_now
from core.kernel.errors import NotFound
from core.kernel.ids import reference_normalise
from core.people.models import Person
from core.rounds.lifecycle import State
from core.rounds.models import Round
from core.voting.models import (
    BallotGate,
    FrozenOffer,
    Opening,
    ReceiptRecord,
    Result,
    RoundSeal,
    SealedReceipt,
    TallyRun,
)
from core.voting.offer import offer_from, offer_preview
from plugins.api.money import Money
from plugins.api.text import LocalisedText, Text
from plugins.api.values import Offer, Outcome, ProjectRef, Step, Tie


@dataclass(frozen=True, slots=True)
class ReceiptStatus:
    """`counted` is None until the result is published, False where a later ballot of the same person took its place."""

    recorded: bool
    counted: bool | None = None


@dataclass(frozen=True, slots=True)
class CountState:
    """For officers: how far the opening and the count have come. No number of ballots.

    `runs` counts the counts that were tried, so that a page can tell whether the one it waits for is done.
    """

    sealed: bool
    approvals: int
    counted: bool
    error: str = ""
    runs: int = 0


@dataclass(frozen=True, slots=True)
class Agreed:
    """Somebody who wants the box opened, and since when."""

    person: Person
    at: datetime


@dataclass(frozen=True, slots=True)
class KeptMoney:
    """A part of a pot that was for one kind of project, and how much of it was used."""

    category: str
    amount: Money
    spent: Money

    @property
    def left(self) -> Money:
        return self.amount - self.spent


@dataclass(frozen=True, slots=True)
class PotResult:
    """What was decided with the money of one area, or of everybody: `names` are those of the council's pots."""

    area: str
    names: tuple[LocalisedText, ...]
    budget: Money
    spent: Money
    remaining: Money
    kept: tuple[KeptMoney, ...]
    allocation: tuple[ProjectRef, ...]
    reserve: tuple[ProjectRef, ...]
    ballots: int
    remarks: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class ResultView:
    """A result, published or ready to be. `steps` of the outcome hold at least one sentence for each project.

    `figures` is the number by which the rule compared projects; `mark` and `figure` say what that number is.
    """

    offer: Offer
    outcome: Outcome
    pots: tuple[PotResult, ...]
    mark: str
    figure: str
    figures: Mapping[ProjectRef, int]
    grades: tuple[Text, ...]
    votes: Mapping[ProjectRef, int]
    ballots: int
    channels: Mapping[str, int]
    rule_key: str
    rule_settings: Mapping[str, Any]
    format_key: str
    published_at: datetime
    digests: Mapping[str, str]
    ties: tuple[Tie, ...]
    document: Mapping[str, Any]


def offer_of(round: Round) -> Offer:
    """The frozen offer, or before voting opens what it would be now."""
    frozen = FrozenOffer.objects.filter(pk=round.pk).first()
    return offer_from(frozen.body, frozen.digest) if frozen else offer_preview(round)


def offer_body(round: Round) -> Mapping[str, Any]:
    """Everything that was frozen, as it is published. Raises NotFound before voting has opened."""
    frozen = FrozenOffer.objects.filter(pk=round.pk).first()
    if frozen is None:
        raise NotFound("Voting has not opened in this round.", code="voting.not_open")
    body: dict[str, Any] = frozen.body
    return {**body, "digest": frozen.digest}


def accepting(round: Round) -> bool:
    """Whether a ballot would be taken now, by the database's time."""
    gate = BallotGate.objects.filter(pk=round.pk).first()
    return bool(
        gate and round.state == State.VOTING.value and gate.is_open and gate.opens_at <= database_now() < gate.closes_at
    )


def receipt_status(round: Round, code: str) -> ReceiptStatus:
    """Whether a receipt was given out in this round. Raises Invalid for a slip of the pen."""
    digest = receipt_hash(reference_normalise(code))
    sealed = SealedReceipt.objects.filter(round_id=round.id, receipt_hash=digest).first()
    if sealed is None:
        return ReceiptStatus(ReceiptRecord.objects.filter(round_id=round.id, receipt_hash=digest).exists())
    published = Result.objects.filter(pk=round.pk).exists()
    return ReceiptStatus(recorded=True, counted=sealed.counted if published else None)


def box_digests(round: Round) -> list[str]:
    """The published digests of every box, sorted. Raises NotFound before the seal."""
    seal = RoundSeal.objects.filter(pk=round.pk).first()
    if seal is None:
        raise NotFound("The box is not sealed yet.", code="voting.not_sealed")
    data = bytes(seal.digests)
    return [data[start : start + 32].hex() for start in range(0, len(data), 32)]


def count_state(round: Round) -> CountState:
    """How far the count is, for officers."""
    runs = TallyRun.objects.filter(round=round)
    last = runs.order_by("-finished_at").first()
    return CountState(
        sealed=RoundSeal.objects.filter(pk=round.pk).exists(),
        approvals=Opening.objects.filter(round=round).count(),
        counted=TallyRun.objects.filter(round=round, state=TallyRun.State.DONE).exists(),
        error=last.error if last and last.state == TallyRun.State.FAILED else "",
        runs=runs.count(),
    )


def agreed(round: Round) -> list[Agreed]:
    """Who has agreed that the box be opened, in the order in which they did."""
    rows = Opening.objects.filter(round=round).select_related("person").order_by("approved_at")
    return [Agreed(row.person, row.approved_at) for row in rows]


def turnout(round: Round) -> Mapping[str, int] | None:
    """Ballots counted by channel; None before the result is published."""
    row = Result.objects.filter(pk=round.pk).first()
    return dict(row.document["channels"]) if row else None


def result_of(round: Round) -> ResultView | None:
    """The published result, or None."""
    row = Result.objects.filter(pk=round.pk).first()
    return _view(round, row.document, row.published_at) if row else None


def result_counted(round: Round) -> ResultView | None:
    """What would be published now: the last good count. For those who publish it, never for residents."""
    run = TallyRun.objects.filter(round=round, state=TallyRun.State.DONE).order_by("-finished_at").first()
    return _view(round, run.document, run.finished_at) if run and run.document else None


def _pots(document: Mapping[str, Any], currency: str) -> tuple[PotResult, ...]:
    return tuple(
        PotResult(
            area=pot["area"],
            names=tuple(LocalisedText(**name) for name in pot["names"]),
            budget=Money(pot["budget"], currency),
            spent=Money(pot["spent"], currency),
            remaining=Money(pot["remaining"], currency),
            kept=tuple(
                KeptMoney(one["category"], Money(one["amount"], currency), Money(one["spent"], currency))
                for one in pot["kept"]
            ),
            allocation=tuple(pot["allocation"]),
            reserve=tuple(pot["reserve"]),
            ballots=pot["ballots"],
            remarks=tuple(
                Text(step["en"], step["gd"])
                for step in document["steps"]
                if step["pot"] == number and not step["project"]
            ),
        )
        for number, pot in enumerate(document["pots"])
    )


def _view(round: Round, document: dict[str, Any], at: datetime) -> ResultView:
    frozen = FrozenOffer.objects.get(pk=round.pk)
    ties = tuple(Tie(tuple(tie["projects"]), tie["chosen"], tie["at"]) for tie in document["ties"])
    outcome = Outcome(
        allocation=tuple(document["allocation"]),
        spent=document["spent"],
        remaining=document["remaining"],
        amounts={project["ref"]: project["amount"] for project in document["projects"] if project["funded"]},
        reserve=tuple(document["reserve"]),
        steps=tuple(Step(step["project"], step["funded"], Text(step["en"], step["gd"])) for step in document["steps"]),
        ties=ties,
    )
    return ResultView(
        offer=offer_from(frozen.body, frozen.digest),
        outcome=outcome,
        pots=_pots(document, frozen.body["budget"]["currency"]),
        mark=document["mark"],
        figure=document["figure"],
        figures={project["ref"]: project[document["figure"]] for project in document["projects"]},
        grades=tuple(Text(grade["en"], grade["gd"]) for grade in document["grades"]),
        votes={project["ref"]: project["votes"] for project in document["projects"]},
        ballots=document["ballots"]["valid"],
        channels=document["channels"],
        rule_key=document["outcome_rule"]["key"],
        rule_settings=document["outcome_rule"]["settings"],
        format_key=document["ballot_format"]["key"],
        published_at=at,
        digests=document["digests"],
        ties=ties,
        document=document,
    )
