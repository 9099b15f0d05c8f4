"""What an officer may choose for `threads`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ThreadsSettings(BaseModel):
    """`moderate_first`: nothing is shown before a moderator has published it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    longest: int = Field(default=2000, ge=100, le=8000, title="Most characters in a comment")
    edit_minutes: int = Field(default=15, ge=0, le=1440, title="Minutes in which a comment can be changed")
    per_hour: int = Field(default=20, ge=1, le=500, title="Most comments by one person in an hour")
    moderate_first: bool = Field(default=False, title="Comments wait for a moderator before they are shown")
