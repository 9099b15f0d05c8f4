"""What a fact is: a frozen, typed record of something that happened, without personal data and without choices."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Event:
    """The base of every fact. Each kind is a frozen dataclass of JSON values in its module's `events.py`."""

    kind: ClassVar[str] = ""
    version: ClassVar[int] = 1

    def body(self) -> dict[str, Any]:
        return asdict(self)
