"""What an officer may choose for `score`."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class ScoreSettings(BaseModel):
    """A project without a score counts as 0, whatever the lowest score is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lowest: int = Field(default=0, ge=0, le=9, title="Lowest score")
    highest: int = Field(default=5, ge=1, le=10, title="Highest score")
    projects: int = Field(default=1, ge=1, le=500, title="Fewest projects that have to get a score")

    @model_validator(mode="after")
    def limits_fit(self) -> Self:
        if self.lowest >= self.highest:
            raise ValueError("The lowest score has to be less than the highest.")
        return self
