"""What an officer may choose for `fund-all-if-under`."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class FundAllSettings(BaseModel):
    """`inner` decides where not everything fits; its settings are those of that rule."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    minimum_points: int = Field(default=1, ge=0, title="Fewest votes or points a funded project needs")
    inner: str = Field(default="greedy-skip", max_length=80, title="Rule that decides when not everything fits")
    inner_settings: dict[str, Any] = Field(default_factory=dict, title="Settings of that rule")
