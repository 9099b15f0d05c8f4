"""The conformance suite for authors of plugins: subclass the contract of your kind, name your class, run pytest."""

from plugins.testkit.ballots import BallotFormatContract
from plugins.testkit.modules import ModuleContract
from plugins.testkit.saying import ContractBroken
from plugins.testkit.strategies import ballots_of, offers, profiles, settings_of

__all__ = [
    "BallotFormatContract",
    "ContractBroken",
    "ModuleContract",
    "ballots_of",
    "offers",
    "profiles",
    "settings_of",
]
