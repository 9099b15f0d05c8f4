"""Every bundled outcome rule keeps the contract, by the same suite that authors outside run."""

from __future__ import annotations

from plugins.bundled.outcome_equal_shares.rule import EqualShares
from plugins.bundled.outcome_fund_all.rule import FundAllIfUnder
from plugins.bundled.outcome_greedy.rule import GreedySkip, GreedyStop
from plugins.bundled.outcome_majority_judgement.rule import MajorityJudgement
from plugins.bundled.outcome_part_fund.rule import GreedyPartFund
from plugins.bundled.outcome_phragmen.rule import Phragmen
from plugins.bundled.outcome_stv.rule import SingleTransferableVote
from plugins.bundled.outcome_threshold.rule import Threshold
from plugins.testkit import OutcomeRuleContract

SMALL = (3_000, 40)


class TestGreedySkip(OutcomeRuleContract):
    module = GreedySkip
    size = SMALL


class TestGreedyStop(OutcomeRuleContract):
    module = GreedyStop
    size = SMALL


class TestGreedyPartFund(OutcomeRuleContract):
    module = GreedyPartFund
    size = SMALL


class TestFundAllIfUnder(OutcomeRuleContract):
    module = FundAllIfUnder
    around = {"greedy-skip": GreedySkip}
    size = SMALL


class TestThreshold(OutcomeRuleContract):
    module = Threshold
    around = {"greedy-skip": GreedySkip}
    size = SMALL


class TestEqualShares(OutcomeRuleContract):
    module = EqualShares
    size = SMALL
    examples = 25


class TestPhragmen(OutcomeRuleContract):
    module = Phragmen
    size = SMALL


class TestSingleTransferableVote(OutcomeRuleContract):
    module = SingleTransferableVote
    size = SMALL


class TestMajorityJudgement(OutcomeRuleContract):
    module = MajorityJudgement
    size = SMALL
