"""What an officer may choose for `greedy-part-fund`."""

from __future__ import annotations

from pydantic import Field

from plugins.api.by_votes import ByVotesSettings


class PartFundSettings(ByVotesSettings):
    """A project that says itself with how much it can begin is taken at its word, whatever `part_percent` says."""

    part_percent: int = Field(
        default=100,
        ge=1,
        le=100,
        title="Smallest part, in percent of its cost, for a project that names none (100: all or nothing)",
    )
