"""What an officer may choose for equal shares; every choice is recorded with the result."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from plugins.api.spending import MONEY


class EqualSharesSettings(BaseModel):
    """`increment` is in minor units: 100 pence is one pound more for each voter at a time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    increment: int = Field(default=100, ge=1, title="Raise each share by (pence)", json_schema_extra=MONEY)
    completion: Literal["none", "add1", "add1-utilitarian"] = Field(
        default="add1",
        title="Use of money left",
        json_schema_extra={
            "labels": {
                "none": "Leave it unspent",
                "add1": "Raise everybody's share step by step, as long as the money lasts",
                "add1-utilitarian": "Raise the shares, then fund by most votes with what is left",
            }
        },
    )
    stop: Literal["last-feasible", "first-exhaustive"] = Field(
        default="last-feasible",
        title="When to stop raising the shares",
        json_schema_extra={
            "labels": {
                "last-feasible": "At the last step that the money can pay for",
                "first-exhaustive": "At the first step after which no other project could be paid for",
            }
        },
    )
    satisfaction: Literal["cost", "cardinality", "score"] = Field(
        default="cost",
        title="What a voter gains from a project they chose",
        json_schema_extra={
            "labels": {
                "cost": "As much as it costs (the usual choice)",
                "cardinality": "The same from each project",
                "score": "The points they gave it",
            }
        },
    )
    comparison: Literal["none", "voters"] = Field(
        default="none",
        title="Compare with most votes first",
        json_schema_extra={
            "labels": {
                "none": "Do not compare",
                "voters": "Take the outcome of most votes first where more voters prefer it",
            }
        },
    )
