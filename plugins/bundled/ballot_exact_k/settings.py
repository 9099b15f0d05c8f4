"""What an officer may choose for `exact-k`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ExactSettings(BaseModel):
    """`count` projects, no more and no fewer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    count: int = Field(default=3, ge=1, le=500, title="Projects on a ballot")
