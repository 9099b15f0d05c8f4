"""What an officer may choose for the two rules by votes."""

from __future__ import annotations

from plugins.api.by_votes import ByVotesSettings


class GreedySettings(ByVotesSettings):
    """What every rule by votes has: the fewest votes, area weights, kept money, caps, a reserve list, ties."""
