"""What an officer may choose for `phragmen`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class PhragmenSettings(BaseModel):
    """`too_dear` says what happens when a project could be paid for by its voters but not from the pot."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    too_dear: Literal["stop", "skip"] = Field(
        default="stop",
        title="When the next project costs more than the money left",
        json_schema_extra={"labels": {"stop": "Stop the count there", "skip": "Pass over it and go on"}},
    )
    on_tie: Literal["order", "stop"] = Field(
        default="order",
        title="When projects stand equal and the order could matter",
        json_schema_extra={"labels": {"order": "The published order decides", "stop": "Stop the count there"}},
    )
