"""The error tree.

    CommontyError            a code that stays the same, a plain sentence, and what to do
    ├── Invalid        2     what was given cannot be used
    ├── Refused        3     a rule says no
    ├── NotFound       1     there is no such thing, or not for you
    ├── Limited        4     so much was used that this has to wait
    └── Unavailable    4     something we need does not answer; try again

The number is the command line's exit code.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class CommontyError(Exception):
    """Something a person can be told. `remedy` says what to do; `facts` are for logs and hold nothing personal."""

    exit_code = 1

    def __init__(
        self,
        message: Any,
        *,
        code: str = "error",
        remedy: Any = "",
        problems: Sequence[Any] = (),
        **facts: Any,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.remedy = remedy
        self.problems = tuple(problems)
        self.facts = facts

    def __str__(self) -> str:
        return str(self.message)


class Invalid(CommontyError):
    """What was given cannot be used as it is; `problems` says where."""

    exit_code = 2


class Refused(CommontyError):
    """A rule says no. Asking again the same way changes nothing."""

    exit_code = 3


class NotFound(CommontyError):
    """There is no such thing, or none that the asker may know of."""


class Limited(CommontyError):
    """A tenant, or all together, have used what they may of `what`. `retry_after`: seconds until some is free again;
    0 where time alone frees nothing."""

    exit_code = 4

    def __init__(self, what: str, *, retry_after: int = 0) -> None:
        super().__init__(f"The limit of {what} is reached.", code=f"limit.{what}", remedy="Try again later.")
        self.what = what
        self.retry_after = retry_after


class Unavailable(CommontyError):
    """Something we need does not answer. Trying again later may help."""

    exit_code = 4
