"""A dataset that leaves the platform: what an exporter is and the values it speaks in."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, BinaryIO, ClassVar, Protocol

from pydantic import BaseModel

from plugins.api.kinds import Module, NoSettings


class PersonalDataClass(StrEnum):
    """What an export holds about people. The core refuses one that exceeds the caller's rights."""

    NONE = "none"
    PSEUDONYMOUS = "pseudonymous"
    PERSONAL = "personal"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table that leaves: its name, its meaning and its type (text, integer, pence, date, boolean)."""

    name: str
    meaning: str
    type: str = "text"


class Dataset(Protocol):
    """What the core hands over: tables by name, read row by row so that no table has to fit into memory."""

    @property
    def name(self) -> str: ...

    @property
    def facts(self) -> Mapping[str, Any]:
        """Small facts about the whole: the round, its money, its dates."""

    def tables(self) -> Sequence[str]: ...

    def columns(self, table: str) -> Sequence[Column]: ...

    def rows(self, table: str) -> Iterator[Mapping[str, Any]]: ...


@dataclass(frozen=True, slots=True)
class Manifest:
    """What was written: rows, columns, and the SHA-256 of the bytes in hexadecimal."""

    rows: int
    columns: tuple[str, ...]
    digest: str


Progress = Callable[[int], None]
"""Told how many rows are done; may raise to stop the export."""


class Exporter(Module):
    """Writes a dataset in one format, as a stream."""

    media_type: ClassVar[str]
    suffix: ClassVar[str]
    personal_data: ClassVar[PersonalDataClass]
    Filters: ClassVar[type[BaseModel]] = NoSettings

    @abstractmethod
    def write(self, dataset: Dataset, out: BinaryIO, filters: Any, progress: Progress) -> Manifest:
        """Write every row that the filters let through. Text that a spreadsheet would run as a formula is made safe."""
