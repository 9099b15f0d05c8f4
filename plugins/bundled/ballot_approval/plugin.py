"""Ballots on which a voter ticks the projects they support."""

from __future__ import annotations

from collections.abc import Sequence

from plugins.api import BallotFormat, PluginInfo, hookimpl
from plugins.bundled.ballot_approval.format import Approval, ApprovalAreas

PLUGIN = PluginInfo(
    name="ballot-approval",
    version="1.0.0",
    author="Commonty",
    licence="Apache-2.0",
    security_contact="security@commonty.example",
    requires_api=">=1.0,<2",
)


@hookimpl
def register_ballot_formats() -> Sequence[type[BallotFormat]]:
    return [Approval, ApprovalAreas]
