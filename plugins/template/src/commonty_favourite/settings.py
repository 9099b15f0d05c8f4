"""What an officer may choose for `favourite`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class FavouriteSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    costs_shown: bool = Field(default=True, title="Show what each project costs")
