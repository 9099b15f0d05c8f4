"""What an officer may choose for `stv`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class StvSettings(BaseModel):
    """`seats` holds where costs are ignored; 0 is as many as the pot can pay for whichever they are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    costs: Literal["counted", "ignored"] = Field(
        default="counted",
        title="What a project needs to be funded",
        json_schema_extra={
            "labels": {
                "counted": "Votes in proportion to its cost",
                "ignored": "The same quota for each, as in council elections",
            }
        },
    )
    seats: int = Field(
        default=0, ge=0, le=500, title="Projects to fund, where costs are ignored (0: as many as always fit)"
    )
    left_over: Literal["last-out-first", "kept"] = Field(
        default="last-out-first",
        title="Money left at the end, where costs count",
        json_schema_extra={
            "labels": {
                "last-out-first": "For projects that still fit, the last to leave the count first",
                "kept": "Kept",
            }
        },
    )
    on_tie: Literal["order", "stop"] = Field(
        default="order",
        title="When projects stand equal at every stage and a lot would be drawn",
        json_schema_extra={"labels": {"order": "The published order decides", "stop": "Stop the count there"}},
    )
