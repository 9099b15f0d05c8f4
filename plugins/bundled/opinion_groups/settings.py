"""What an officer may choose for `opinion-groups`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class GroupsSettings(BaseModel):
    """`fewest_people` and `fewest_in_group` protect people: below them nothing of the map is shown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    longest: int = Field(default=140, ge=40, le=400, title="Most characters in a statement")
    per_person: int = Field(default=10, ge=1, le=100, title="Most statements by one person")
    moderate_first: bool = Field(default=True, title="Statements wait for a moderator before they are shown")
    fewest_people: int = Field(default=20, ge=10, le=10_000, title="Fewest people before a map is shown")
    fewest_in_group: int = Field(default=5, ge=5, le=1000, title="Fewest people in a group that is shown")
    fewest_answers: int = Field(default=7, ge=3, le=50, title="Answers of a person before they count for the map")
