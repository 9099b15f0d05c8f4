"""Ballots on which a voter judges each project with a grade."""

from __future__ import annotations

from collections.abc import Sequence

from plugins.api import BallotFormat, PluginInfo, hookimpl
from plugins.bundled.ballot_majority_judgement.format import MajorityJudgement, MajorityJudgementAreas

PLUGIN = PluginInfo(
    name="ballot-majority-judgement",
    version="1.0.0",
    author="Commonty",
    licence="Apache-2.0",
    security_contact="security@commonty.example",
    requires_api=">=1.0,<2",
)


@hookimpl
def register_ballot_formats() -> Sequence[type[BallotFormat]]:
    return [MajorityJudgement, MajorityJudgementAreas]
