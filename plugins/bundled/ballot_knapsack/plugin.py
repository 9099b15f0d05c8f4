"""Ballots on which a voter chooses projects within a sum of money."""

from __future__ import annotations

from collections.abc import Sequence

from plugins.api import BallotFormat, PluginInfo, hookimpl
from plugins.bundled.ballot_knapsack.format import Knapsack, KnapsackAreas

PLUGIN = PluginInfo(
    name="ballot-knapsack",
    version="1.0.0",
    author="Commonty",
    licence="Apache-2.0",
    security_contact="security@commonty.example",
    requires_api=">=1.0,<2",
)


@hookimpl
def register_ballot_formats() -> Sequence[type[BallotFormat]]:
    return [Knapsack, KnapsackAreas]
