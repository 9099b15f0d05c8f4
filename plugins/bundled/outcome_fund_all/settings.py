"""What an officer may choose for `fund-all-if-under`."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from plugins.api.spending import Earmark


class FundAllSettings(BaseModel):
    """`inner` decides where not everything fits; its settings are those of that rule.

    Kept money is told to both: everything fits only where each project is paid from money that it may have.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ring_fences: tuple[Earmark, ...] = Field(default=(), title="Money kept for a category or an area, used first")
    minimum_points: int = Field(default=1, ge=0, title="Fewest votes or points a funded project needs")
    inner: str = Field(
        default="greedy-skip",
        max_length=80,
        title="Rule that decides when not everything fits",
        json_schema_extra={"module": "outcome_rule"},
    )
    inner_settings: dict[str, Any] = Field(default_factory=dict, title="Settings of that rule")
