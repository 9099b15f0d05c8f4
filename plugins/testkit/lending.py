"""What the host lends a module, in a form that a test can look into: a context, one-time codes, a dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from plugins.api import Column, NoSettings, Project, SubjectRef

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class TestCodes:
    """One-time codes that remember what they sent. They are burnt by use and belong to one tenant."""

    __test__ = False

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self._open: dict[str, tuple[str, str]] = {}

    def issue(self, *, to: str, language: str, by: str = "email") -> str:
        handle, code = f"handle-{id(self)}-{len(self.sent)}", f"{100_000 + len(self.sent) * 7919:06}"
        self.sent.append((to, code))
        self._open[handle] = (to.strip().lower(), code)
        return handle

    def redeem(self, *, handle: str, code: str) -> str | None:
        to, right = self._open.get(handle, ("", ""))
        if not right or code != right:
            return None
        del self._open[handle]
        return to


class TestRead:
    """Public facts: nothing, unless a test puts something in."""

    __test__ = False

    def __init__(self) -> None:
        self.known: dict[SubjectRef, Project] = {}

    def project(self, ref: SubjectRef) -> Project | None:
        return self.known.get(ref)

    def projects(self, of_round: SubjectRef) -> Sequence[Project]:
        return tuple(self.known.values())

    def count_participants(self, of_round: SubjectRef) -> int:
        return 0


@dataclass
class TestContext:
    """A PluginContext of one tenant."""

    __test__ = False

    tenant_key: str = "tenant-a"
    settings: Any = field(default_factory=NoSettings)
    codes: TestCodes = field(default_factory=TestCodes)
    read: TestRead = field(default_factory=TestRead)
    http: Any = None
    mail: Any = None
    jobs: Any = None
    log: Any = None
    tracer: Any = None
    recorded: list[dict[str, Any]] = field(default_factory=list)

    @property
    def clock(self) -> Callable[[], datetime]:
        return lambda: NOW

    @property
    def record(self) -> Callable[..., None]:
        return lambda **facts: self.recorded.append(facts)


@dataclass
class Rows:
    """A dataset of one table whose rows are made when they are asked for; `taken` says how many were."""

    count: int
    words: Sequence[str] = ("A bench", "Being", "ciùin")
    name: str = "rounds"
    taken: int = 0

    @property
    def facts(self) -> Mapping[str, Any]:
        return {"round": "leith-2027", "description": "A round", "budget": 100_000_00, "currency": "GBP"}

    def tables(self) -> Sequence[str]:
        return ("projects",)

    def columns(self, table: str) -> Sequence[Column]:
        return (
            Column("ref", "Number of the project"),
            Column("title", "Its title"),
            Column("cost", "What it costs", "pence"),
            Column("votes", "Votes", "integer"),
        )

    def rows(self, table: str) -> Iterator[Mapping[str, Any]]:
        for number in range(self.count):
            self.taken = number + 1
            words = self.words[number % len(self.words)]
            yield {"ref": f"P-{number}", "title": words, "cost": 1000 + number, "votes": number % 7}
