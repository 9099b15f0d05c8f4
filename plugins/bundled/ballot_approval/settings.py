"""What an officer may choose for `approval` and `approval-areas`."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class ApprovalSettings(BaseModel):
    """`maximum` 0 means as many as there are projects."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    minimum: int = Field(default=1, ge=1, le=500, title="Fewest projects on a ballot")
    maximum: int = Field(default=0, ge=0, le=500, title="Most projects on a ballot (0: no limit)")

    @model_validator(mode="after")
    def limits_fit(self) -> Self:
        if self.maximum and self.minimum > self.maximum:
            raise ValueError("The fewest projects cannot be more than the most projects.")
        return self


class ApprovalAreasSettings(BaseModel):
    """A rule for the area that a voter chooses, and one for the projects of everywhere."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    local: ApprovalSettings = Field(default=ApprovalSettings(), title="In the area a voter chooses")
    everywhere: ApprovalSettings = Field(default=ApprovalSettings(), title="For projects of everywhere")
