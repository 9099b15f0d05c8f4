"""What a module may raise on purpose. Anything else that escapes a module is a failure of that plugin."""

from __future__ import annotations

from collections.abc import Sequence

from plugins.api.money import MoneyInvalid
from plugins.api.text import Text
from plugins.api.values import Problem

__all__ = [
    "BallotInvalid",
    "ListInvalid",
    "MoneyInvalid",
    "PabulibInvalid",
    "PermanentFailure",
    "PluginError",
    "TemporaryFailure",
]


class PluginError(Exception):
    """Base of the errors that mean something to the core."""


class BallotInvalid(PluginError):
    """The ballot breaks a rule of its format; `problems` are shown to the voter and the form is kept."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problem.message.en for problem in self.problems))


class TemporaryFailure(PluginError):
    """Try again after `retry_after` seconds."""

    def __init__(self, message: str, *, retry_after: int = 60) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class PermanentFailure(PluginError):
    """Trying again is of no use."""


class ListInvalid(PluginError):
    """A list that was handed in cannot be taken. `line` and `column` (in cells) count from 1 and say where."""

    def __init__(self, reason: Text, *, line: int, column: int) -> None:
        self.reason = reason
        self.line = line
        self.column = column
        super().__init__(f"Line {line}, column {column}: {reason.en}")


class PabulibInvalid(PluginError):
    """The file breaks the Pabulib form; `line` and `column` count from 1 and say where (0: the whole file)."""

    def __init__(self, reason: str, *, line: int = 0, column: int = 0) -> None:
        self.reason = reason
        self.line = line
        self.column = column
        where = f"Line {line}, column {column}: " if line else ""
        super().__init__(where + reason)
