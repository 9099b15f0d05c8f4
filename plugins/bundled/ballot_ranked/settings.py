"""What an officer may choose for `ranked`."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class RankedSettings(BaseModel):
    """Every project has a choice of `maximum` places, so that a long ballot with many places is slow to read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    maximum: int = Field(default=5, ge=1, le=20, title="Most projects that a voter may put in order")
    minimum: int = Field(default=1, ge=1, le=20, title="Fewest projects that a voter has to put in order")

    @model_validator(mode="after")
    def limits_fit(self) -> Self:
        if self.minimum > self.maximum:
            raise ValueError("The fewest projects cannot be more than the most projects.")
        return self
