"""The bundled discussions keep the contract that an author outside is held to; `arguments` does so in its own file."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from plugins.bundled.opinion_groups.module import OpinionGroups
from plugins.bundled.threads.module import Threads
from tests.plugins.test_arguments import _Deliberation

# Not held yet: the contract writes and looks into the queue; here what is published at once comes before a moderator
# when somebody reports it. Their own tests show that.
NOT_QUEUED = "what is published at once is not queued before it is reported"


class TestThreads(_Deliberation):
    module = Threads
    verb: ClassVar[str] = "write"
    chosen = {"per_hour": 100}

    def fields(self, words: str) -> dict[str, list[str]]:
        return {"text": [words]}

    @pytest.mark.xfail(strict=True, reason=NOT_QUEUED)
    def test_a_moderator_hides_and_publishes(self, tenants: Any) -> None:
        super().test_a_moderator_hides_and_publishes(tenants)


class TestOpinionGroups(_Deliberation):
    module = OpinionGroups
    verb: ClassVar[str] = "write"
    chosen = {"moderate_first": False, "per_person": 50}

    def fields(self, words: str) -> dict[str, list[str]]:
        return {"text": [words]}

    @pytest.mark.xfail(strict=True, reason=NOT_QUEUED)
    def test_a_moderator_hides_and_publishes(self, tenants: Any) -> None:
        super().test_a_moderator_hides_and_publishes(tenants)
