"""Every bundled ballot format keeps the contract, by the same suite that authors outside run."""

from __future__ import annotations

from plugins.bundled.ballot_approval.format import Approval, ApprovalAreas
from plugins.bundled.ballot_exact_k.format import ExactK
from plugins.bundled.ballot_knapsack.format import Knapsack, KnapsackAreas
from plugins.bundled.ballot_majority_judgement.format import MajorityJudgement, MajorityJudgementAreas
from plugins.bundled.ballot_points.format import Points, PointsAreas
from plugins.bundled.ballot_ranked.format import Ranked
from plugins.bundled.ballot_score.format import Score
from plugins.testkit import BallotFormatContract


class TestApproval(BallotFormatContract):
    module = Approval
    chosen = {"maximum": 3}


class TestExactK(BallotFormatContract):
    module = ExactK
    chosen = {"count": 2}


class TestKnapsack(BallotFormatContract):
    module = Knapsack
    chosen = {"cap": 60_00}


class TestKnapsackFloor(BallotFormatContract):
    module = Knapsack
    chosen = {"cap": 60_00, "floor": 10_00}


class TestPoints(BallotFormatContract):
    module = Points
    chosen = {"total": 10, "most": 6}


class TestPointsAll(BallotFormatContract):
    module = Points
    chosen = {"total": 10, "projects": 3, "use_all": True}


class TestRanked(BallotFormatContract):
    module = Ranked
    chosen = {"maximum": 4}


class TestRankedTwo(BallotFormatContract):
    module = Ranked
    chosen = {"minimum": 2, "maximum": 3}


class TestScore(BallotFormatContract):
    module = Score


class TestScoreRange(BallotFormatContract):
    module = Score
    chosen = {"lowest": 1, "highest": 10, "projects": 2}


class TestMajorityJudgement(BallotFormatContract):
    module = MajorityJudgement


class TestApprovalAreas(BallotFormatContract):
    module = ApprovalAreas
    chosen = {"everywhere": {"maximum": 1}}


class TestKnapsackAreas(BallotFormatContract):
    module = KnapsackAreas


class TestPointsAreas(BallotFormatContract):
    module = PointsAreas
    chosen = {"everywhere": {"total": 5}}


class TestMajorityJudgementAreas(BallotFormatContract):
    module = MajorityJudgementAreas
