"""What an officer may choose for `majority-judgement` and `majority-judgement-areas`."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Grade(BaseModel):
    """A grade in both languages."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    en: str = Field(min_length=1, max_length=60, title="In English")
    gd: str = Field(min_length=1, max_length=60, title="In Gaelic")


GRADES = (
    Grade(en="Excellent", gd="Sgoinneil"),
    Grade(en="Good", gd="Math"),
    Grade(en="All right", gd="Ceart gu leòr"),
    Grade(en="Not convinced", gd="Chan eil mi cinnteach às"),
)


class MajorityJudgementSettings(BaseModel):
    """`grades` from the best to the worst. A project that gets none counts as if it had the worst."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    grades: tuple[Grade, ...] = Field(default=GRADES, min_length=2, max_length=7, title="Grades, the best first")
    projects: int = Field(default=1, ge=1, le=500, title="Fewest projects that have to get a grade")

    @model_validator(mode="after")
    def grades_differ(self) -> Self:
        for words in ([grade.en for grade in self.grades], [grade.gd for grade in self.grades]):
            if len({word.strip().casefold() for word in words}) < len(words) or not all(map(str.strip, words)):
                raise ValueError("Every grade needs words of its own, in both languages.")
        return self


class MajorityJudgementAreasSettings(BaseModel):
    """A rule for the area that a voter chooses, and one for the projects of everywhere. The grades are the same."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    local: MajorityJudgementSettings = Field(default=MajorityJudgementSettings(), title="In the area a voter chooses")
    everywhere: MajorityJudgementSettings = Field(
        default=MajorityJudgementSettings(), title="For projects of everywhere"
    )

    @model_validator(mode="after")
    def grades_agree(self) -> Self:
        if self.local.grades != self.everywhere.grades:
            raise ValueError("The grades have to be the same in the area and everywhere.")
        return self
