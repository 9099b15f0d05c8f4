"""The bundled discussions keep the contract that an author outside is held to; `arguments` does so in its own file."""

from __future__ import annotations

from typing import Any, ClassVar

from plugins.api import SubjectRef
from plugins.bundled.opinion_groups.module import OpinionGroups
from plugins.bundled.threads.module import Threads
from tests.plugins.test_arguments import _Deliberation


class TestThreads(_Deliberation):
    module = Threads
    verb: ClassVar[str] = "write"
    chosen = {"per_hour": 100}

    def fields(self, words: str) -> dict[str, list[str]]:
        return {"text": [words]}

    def told(self, context: Any, subject: SubjectRef, item: str) -> None:
        self.one.report(context, subject, self.viewer("Bob"), {"post": [item]})


class TestOpinionGroups(_Deliberation):
    module = OpinionGroups
    verb: ClassVar[str] = "write"
    chosen = {"moderate_first": False, "per_person": 50}

    def fields(self, words: str) -> dict[str, list[str]]:
        return {"text": [words]}

    def told(self, context: Any, subject: SubjectRef, item: str) -> None:
        self.one.report(context, subject, self.viewer("Bob"), {"statement": [item]})
