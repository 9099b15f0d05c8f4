"""What an officer may choose for `threshold`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class ThresholdSettings(BaseModel):
    """A project needs both: `percent` of the valid votes and `votes` voters. `inner` then decides among the rest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    percent: int = Field(default=10, ge=0, le=100, title="Share of valid votes a project needs (percent)")
    of: Literal["all", "area"] = Field(
        default="all",
        title="Share of which votes",
        json_schema_extra={"labels": {"all": "All valid votes", "area": "Valid votes in the project’s area"}},
    )
    votes: int = Field(default=0, ge=0, title="Fewest voters a project needs, whatever their share")
    inner: str = Field(
        default="greedy-skip",
        max_length=80,
        title="Rule that decides among the others",
        json_schema_extra={"module": "outcome_rule"},
    )
    inner_settings: dict[str, Any] = Field(default_factory=dict, title="Settings of that rule")
