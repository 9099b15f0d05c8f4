"""What an officer may choose for equal shares; every choice is recorded with the result."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class EqualSharesSettings(BaseModel):
    """`increment` is in minor units: 100 pence is one pound more for each voter at a time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    increment: int = Field(default=100, ge=1, title="Raise each share by (pence)")
    completion: Literal["none", "add1", "add1-utilitarian"] = Field(default="add1", title="Use of money left")
    stop: Literal["last-feasible", "first-exhaustive"] = Field(default="last-feasible", title="When to stop")
    satisfaction: Literal["cost", "cardinality", "score"] = Field(default="cost", title="What voters gain")
    comparison: Literal["none", "voters"] = Field(default="none", title="Compare with most votes first")
