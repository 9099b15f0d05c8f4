"""Every bundled ballot format with the rules that tests put to it, on one offer of two areas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from plugins.api import BallotFormat, LocalisedText, Mark, Money, Offer, Pot, Project, ProjectRef
from plugins.bundled.ballot_approval.format import Approval, ApprovalAreas
from plugins.bundled.ballot_exact_k.format import ExactK
from plugins.bundled.ballot_knapsack.format import Knapsack, KnapsackAreas
from plugins.bundled.ballot_majority_judgement.format import MajorityJudgement, MajorityJudgementAreas
from plugins.bundled.ballot_points.format import Points, PointsAreas
from plugins.bundled.ballot_ranked.format import Ranked
from plugins.bundled.ballot_score.format import Score

NORTH, SOUTH = "North", "South"
AREAS = {"P-01": NORTH, "P-02": NORTH, "P-03": SOUTH, "M/01/X": SOUTH, "pròiseact": "", "P-06": ""}
REFS = tuple(AREAS)
OFFER = Offer(
    "round",
    Money(100_00),
    tuple(
        Project(ref, LocalisedText(f"Project {ref}", f"Pròiseact {ref}"), Money(10_00 + 5_00 * place), area)
        for place, (ref, area) in enumerate(AREAS.items())
    ),
    pots=(Pot(NORTH, Money(30_00)), Pot(SOUTH, Money(40_00)), Pot("", Money(50_00))),
)
PREFIXES = {Mark.POINTS: "points-", Mark.SCORE: "score-", Mark.PLACE: "place-", Mark.GRADE: "grade-"}


@dataclass(frozen=True)
class Case:
    """A format with settings: the mark it takes, and a ballot that keeps its rules."""

    name: str
    format: BallotFormat
    settings: Any
    mark: Mark
    good: Mapping[ProjectRef, int]

    def posted(self, marks: Mapping[ProjectRef, int] | Sequence[tuple[ProjectRef, int]]) -> dict[str, list[str]]:
        """These marks as a browser posts them."""
        pairs = list(marks.items()) if isinstance(marks, Mapping) else list(marks)
        if self.mark is Mark.TICK:
            return {"project": [ref for ref, _ in pairs]}
        fields: dict[str, list[str]] = {}
        for ref, value in pairs:
            fields.setdefault(PREFIXES[self.mark] + ref, []).append(str(value))
        return fields


def _case(name: str, module: BallotFormat, mark: Mark, good: Mapping[ProjectRef, int], **settings: Any) -> Case:
    return Case(name, module, module.Settings.model_validate(settings), mark, good)


CASES = (
    _case("approval", Approval(), Mark.TICK, {"P-01": 1, "P-03": 1}, maximum=3),
    _case("exact-k", ExactK(), Mark.TICK, {"P-01": 1, "M/01/X": 1}, count=2),
    _case("knapsack", Knapsack(), Mark.TICK, {"P-01": 1, "P-02": 1}, cap=60_00),
    _case("knapsack-floor", Knapsack(), Mark.TICK, {"P-01": 1, "P-06": 1}, cap=60_00, floor=40_00),
    _case("points", Points(), Mark.POINTS, {"P-01": 6, "pròiseact": 3}, total=10, most=6),
    _case("points-all", Points(), Mark.POINTS, {"P-01": 4, "P-02": 4, "P-03": 2}, total=10, projects=3, use_all=True),
    _case("ranked", Ranked(), Mark.PLACE, {"M/01/X": 1, "P-01": 2, "P-06": 3}, maximum=4),
    _case("ranked-two", Ranked(), Mark.PLACE, {"pròiseact": 1, "P-02": 2}, minimum=2, maximum=3),
    _case("score", Score(), Mark.SCORE, {"P-01": 5, "P-02": 0}),
    _case("score-range", Score(), Mark.SCORE, {"P-01": 10, "P-02": 1}, lowest=1, highest=10, projects=2),
    _case("majority-judgement", MajorityJudgement(), Mark.GRADE, {"P-01": 3, "P-02": 0, "P-03": 1}),
    _case("approval-areas", ApprovalAreas(), Mark.TICK, {"P-01": 1, "P-06": 1}, everywhere={"maximum": 1}),
    _case("knapsack-areas", KnapsackAreas(), Mark.TICK, {"P-03": 1, "P-06": 1}),
    _case("points-areas", PointsAreas(), Mark.POINTS, {"P-01": 6, "P-02": 4, "P-06": 5}, everywhere={"total": 5}),
    _case("majority-judgement-areas", MajorityJudgementAreas(), Mark.GRADE, {"P-03": 2, "pròiseact": 3}),
)
BY_NAME = {case.name: case for case in CASES}
