"""What an officer may choose for `arguments`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ArgumentsSettings(BaseModel):
    """`moderate_first`: nothing is shown before a moderator has published it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    longest: int = Field(default=500, ge=100, le=4000, title="Most characters in an argument")
    edit_minutes: int = Field(default=15, ge=0, le=1440, title="Minutes in which an argument can be changed")
    per_hour: int = Field(default=10, ge=1, le=500, title="Most arguments by one person in an hour")
    moderate_first: bool = Field(default=False, title="Arguments wait for a moderator before they are shown")
