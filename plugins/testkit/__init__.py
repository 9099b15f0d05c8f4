"""The conformance suite for authors of plugins: subclass the contract of your kind, name your class, run pytest."""

from plugins.testkit.ballots import BallotFormatContract
from plugins.testkit.channels import ChannelContract
from plugins.testkit.deliberation import DeliberationContract
from plugins.testkit.eligibility import EligibilityContract
from plugins.testkit.evaluation import EvaluationContract
from plugins.testkit.exporters import ExporterContract
from plugins.testkit.lending import TestContext
from plugins.testkit.modules import ModuleContract
from plugins.testkit.rules import OutcomeRuleContract
from plugins.testkit.saying import ContractBroken
from plugins.testkit.strategies import ballots_of, offers, profiles, settings_of

__all__ = [
    "BallotFormatContract",
    "ChannelContract",
    "ContractBroken",
    "DeliberationContract",
    "EligibilityContract",
    "EvaluationContract",
    "ExporterContract",
    "ModuleContract",
    "OutcomeRuleContract",
    "TestContext",
    "ballots_of",
    "offers",
    "profiles",
    "settings_of",
]
