"""What an officer may choose for `points` and `points-areas`."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class PointsSettings(BaseModel):
    """`most` 0 means that all points may go to one project."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    total: int = Field(default=10, ge=1, le=1000, title="Points that each voter has")
    most: int = Field(default=0, ge=0, le=1000, title="Most points for one project (0: no limit)")
    projects: int = Field(default=1, ge=1, le=500, title="Fewest projects that have to get points")
    use_all: bool = Field(default=False, title="All points have to be used")

    @model_validator(mode="after")
    def limits_fit(self) -> Self:
        if self.most > self.total:
            raise ValueError("The most points for one project cannot be more than a voter has.")
        if self.projects > self.total:
            raise ValueError("A voter needs at least as many points as projects that have to get points.")
        return self


class PointsAreasSettings(BaseModel):
    """A rule for the area that a voter chooses, and one for the projects of everywhere."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    local: PointsSettings = Field(default=PointsSettings(), title="In the area a voter chooses")
    everywhere: PointsSettings = Field(default=PointsSettings(), title="For projects of everywhere")
