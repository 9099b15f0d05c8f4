"""A framework as data: sections, questions and indicators with a version, read from a file and checked as a whole.

Raises FrameworkInvalid with every problem and where it is: a file that does not hold together is not half taken in.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from plugins.api import Audience, Moment, Text, Unit

FOLDER = Path(__file__).parent / "frameworks"


class FrameworkInvalid(Exception):
    """The file is no framework; `problems` says where, in words for whoever wrote it."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(" ".join(self.problems))


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Words(_Part):
    """Words in both languages; Gaelic may follow later."""

    en: str = Field(min_length=1, max_length=600)
    gd: str = Field(default="", max_length=600)

    def text(self) -> Text:
        return Text(self.en, self.gd)


class SectionOf(_Part):
    """A part of a framework, under another one or at the top."""

    key: str = Field(pattern=r"^[a-z0-9-]{1,40}$")
    title: Words
    under: str = ""


class Question(_Part):
    """Something that is asked: rated from 1 to 6, yes or no, how far somebody agrees, or in words.

    `indicator` is the figure its answers go into. `evidence` asks beside a rating what shows it.
    """

    key: str = Field(pattern=r"^[a-z0-9-]{1,60}$")
    section: str
    text: Words
    kind: Literal["rating", "yes-no", "agree", "text"] = "rating"
    indicator: str = ""
    evidence: Words | None = None
    audience: Audience = Audience.ORGANISER
    moment: Moment = Moment.AT_CLOSE
    sizes: tuple[str, ...] = ("tiny", "small", "large", "mainstream")


class Measure(_Part):
    """A defined indicator."""

    code: str = Field(pattern=r"^[A-Z0-9]{2,12}$")
    section: str
    title: Words
    definition: Words
    unit: Unit
    numerator: Words
    denominator: Words | None = None
    source: Words
    suppress_below: int = Field(default=0, ge=0)
    by_channel: bool = False


class Framework(_Part):
    """A whole framework of one version."""

    key: str = Field(pattern=r"^[a-z0-9-]{1,40}$")
    version: int = Field(ge=1)
    title: Words
    note: Words | None = None
    sections: tuple[SectionOf, ...]
    questions: tuple[Question, ...] = ()
    indicators: tuple[Measure, ...] = ()

    @model_validator(mode="after")
    def holds_together(self) -> Self:
        wrong = [*self._doubles(), *self._strays(), *self._cycles()]
        if wrong:
            raise ValueError(" ".join(wrong))
        return self

    def _doubles(self) -> list[str]:
        named = [
            *(("section", one.key) for one in self.sections),
            *(("question", one.key) for one in self.questions),
            *(("indicator", one.code) for one in self.indicators),
        ]
        return [f"The {kind} {key} stands twice." for kind, key in sorted(set(named)) if named.count((kind, key)) > 1]

    def _strays(self) -> list[str]:
        known = {one.key for one in self.sections}
        asked = [(one.key, one.section) for one in self.questions]
        asked += [(one.code, one.section) for one in self.indicators]
        figures = {one.code for one in self.indicators}
        lost = [
            f"{one.key} goes into the figure {one.indicator}, which is not there."
            for one in self.questions
            if one.indicator and one.indicator not in figures
        ]
        asked += [(one.key, one.under) for one in self.sections if one.under]
        return lost + [
            f"{key} stands in the section {section}, which is not there."
            for key, section in asked
            if section not in known
        ]

    def _cycles(self) -> list[str]:
        above = {one.key: one.under for one in self.sections}
        for start in above:
            seen, at = {start}, above[start]
            while at and at in above:
                if at in seen:
                    return [f"The section {start} stands, in the end, under itself."]
                seen.add(at)
                at = above[at]
        return []


def framework_read(source: Path | bytes) -> Framework:
    """A framework from a file or its bytes. Raises FrameworkInvalid."""
    data = source.read_bytes() if isinstance(source, Path) else source
    try:
        raw: Any = json.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise FrameworkInvalid([f"This is no JSON in UTF-8: {error}."]) from error
    try:
        return Framework.model_validate(raw)
    except ValidationError as error:
        told = [f"{'.'.join(str(part) for part in one['loc']) or 'file'}: {one['msg']}." for one in error.errors()]
        raise FrameworkInvalid(told) from error


@cache
def framework(key: str) -> Framework:
    """One of the frameworks that ship with this plugin."""
    return framework_read(FOLDER / f"{key}.json")
