"""Facts about how a round is judged. What was answered, and by how many, is no fact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.audit.events import Event


@dataclass(frozen=True, slots=True)
class FrameworkChosen(Event):
    kind: ClassVar[str] = "framework_chosen"
    round: str
    module: str
    sheets: int


@dataclass(frozen=True, slots=True)
class SheetMoved(Event):
    """A sheet was opened or closed; `state` is the new one."""

    kind: ClassVar[str] = "sheet_moved"
    round: str
    sheet: str
    instrument: str
    state: str
