"""What an officer may choose for `majority-judgement`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from plugins.api.spending import SpendingSettings


class MajorityJudgementSettings(SpendingSettings):
    """Grades are numbers from the worst, which is 0, as on the ballot."""

    minimum_grade: int = Field(
        default=1, ge=0, le=20, title="Lowest middle grade of a funded project (0 is the worst grade)"
    )
    too_dear: Literal["skip", "stop"] = Field(
        default="skip",
        title="When a project costs more than the money left",
        json_schema_extra={"labels": {"skip": "Pass over it and go on", "stop": "Stop the count there"}},
    )
