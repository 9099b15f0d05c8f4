"""What an officer may choose for `knapsack` and `knapsack-areas`. Amounts in pence."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

MOST = 10**12


class KnapsackSettings(BaseModel):
    """`cap` 0 means the round's budget, `floor` 0 that one project is enough."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cap: int = Field(default=0, ge=0, le=MOST, title="The most that a ballot may spend, in pence (0: the whole budget)")
    floor: int = Field(default=0, ge=0, le=MOST, title="The least that a ballot must spend, in pence (0: no least)")

    @model_validator(mode="after")
    def limits_fit(self) -> Self:
        if self.cap and self.floor > self.cap:
            raise ValueError("The least that must be spent cannot be more than the most that may be spent.")
        return self


class KnapsackAreasSettings(BaseModel):
    """A rule for the area that a voter chooses, and one for the projects of everywhere."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    local: KnapsackSettings = Field(default=KnapsackSettings(), title="In the area a voter chooses")
    everywhere: KnapsackSettings = Field(default=KnapsackSettings(), title="For projects of everywhere")
