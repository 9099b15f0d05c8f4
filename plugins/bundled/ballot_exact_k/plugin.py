"""Ballots on which a voter ticks a set number of projects."""

from __future__ import annotations

from collections.abc import Sequence

from plugins.api import BallotFormat, PluginInfo, hookimpl
from plugins.bundled.ballot_exact_k.format import ExactK

PLUGIN = PluginInfo(
    name="ballot-exact-k",
    version="1.0.0",
    author="Commonty",
    licence="Apache-2.0",
    security_contact="security@commonty.example",
    requires_api=">=1.0,<2",
)


@hookimpl
def register_ballot_formats() -> Sequence[type[BallotFormat]]:
    return [ExactK]
