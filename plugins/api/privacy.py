"""What a module that keeps personal data answers for: show it, erase it, and say what was erased."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class PersonalData:
    """Everything a module holds about one person: for each kind of thing its rows, as plain values for a file."""

    tables: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ErasureReport:
    """What an erasure did: rows deleted, rows kept without the person, and why any were kept, by kind of thing."""

    deleted: Mapping[str, int] = field(default_factory=dict)
    anonymised: Mapping[str, int] = field(default_factory=dict)
    kept_because: Mapping[str, str] = field(default_factory=dict)
