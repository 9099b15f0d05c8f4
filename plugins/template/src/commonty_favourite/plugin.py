"""Who made this plugin, and what it brings."""

from __future__ import annotations

from collections.abc import Sequence

from commonty_favourite.format import Favourite
from plugins.api import BallotFormat, PluginInfo, hookimpl

PLUGIN = PluginInfo(
    name="ballot-favourite",
    version="1.0.0",
    author="Your name",
    licence="Apache-2.0",
    security_contact="security@example.org",
    requires_api=">=1.0,<2",
)


@hookimpl
def register_ballot_formats() -> Sequence[type[BallotFormat]]:
    return [Favourite]
