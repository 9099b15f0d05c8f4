"""What an officer may choose for the two rules by votes."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class GreedySettings(BaseModel):
    """Projects below `minimum_points` are set aside; with 1, a project without a vote is not funded."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    minimum_points: int = Field(default=1, ge=0, title="Fewest votes or points a funded project needs")
