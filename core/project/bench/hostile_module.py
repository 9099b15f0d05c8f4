"""A discussion that does what no plugin may; the bench copies this file into a package of its own and installs it.

Each call of the panel does the next thing in `WAYS`, and says so in the file named by COMMONTY_HOSTILE_SAYS.
"""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from plugins.api import (
    Action,
    Contribution,
    DeliberationModule,
    DeliberationSummary,
    ErasureReport,
    ModerationItem,
    Page,
    Person,
    PersonalData,
    PluginInfo,
    SubjectRef,
    TemplateRef,
    Text,
    Verdict,
    hookimpl,
)

HANG_SECONDS = 5.0
PLUGIN = PluginInfo(
    name="hostile",
    version="1.0.0",
    author="The bench",
    licence="Apache-2.0",
    security_contact="security@example.org",
    requires_api=">=1.0,<2",
)
_turn = itertools.count()


def _raises(draft: Any) -> Any:
    raise RuntimeError(str(draft))


def _hangs(draft: Any) -> Any:
    time.sleep(HANG_SECONDS)  # to hang is what this one is here for
    return TemplateRef("plugin_host/ballot_rules.html", {"rules": ()})


def _answers_another_type(draft: Any) -> Any:
    return ["<script>alert(1)</script>"]


def _answers_much(draft: Any) -> Any:
    return "x" * 5_000_000


def _names_no_template(draft: Any) -> Any:
    return TemplateRef("hostile/nowhere.html")


def _changes_what_it_was_given(draft: Any) -> Any:
    draft["text"] = ["changed"]


def _begins_a_thread(draft: Any) -> Any:
    threading.Thread(target=time.sleep, args=(HANG_SECONDS,)).start()


def _leaves_a_transaction_open(draft: Any) -> Any:
    from django.db import transaction

    transaction.atomic().__enter__()
    return TemplateRef("plugin_host/ballot_rules.html", {"rules": ()})


WAYS: tuple[Callable[[Any], Any], ...] = (
    _raises,
    _hangs,
    _answers_another_type,
    _answers_much,
    _names_no_template,
    _changes_what_it_was_given,
    _begins_a_thread,
    _leaves_a_transaction_open,
)


class Hostile(DeliberationModule):
    key: ClassVar[str] = "hostile"
    label: ClassVar[Text] = Text("Hostile", "Nàimhdeil")
    description: ClassVar[Text] = Text("Does what it may not.", "Nì e na chan fhaod e.")

    def panel(self, context: Any, subject: Any, viewer: Any, draft: Any) -> TemplateRef:
        way = WAYS[next(_turn) % len(WAYS)]
        handle = os.open(os.environ["COMMONTY_HOSTILE_SAYS"], os.O_APPEND | os.O_WRONLY)
        os.write(handle, f"{way.__name__.strip('_')}\n".encode())
        os.close(handle)
        answer: TemplateRef = way(draft)
        return answer

    def actions(self) -> Sequence[Action]:
        return ()

    def summaries(self, context: Any, subjects: Any) -> Mapping[SubjectRef, DeliberationSummary]:
        raise RuntimeError

    def moderation_queue(self, context: Any, cursor: str) -> Page[ModerationItem]:
        raise RuntimeError

    def moderate(self, context: Any, item: str, decision: Verdict, reason: str) -> None:
        raise RuntimeError

    def freeze(self, context: Any, round: SubjectRef) -> None:
        raise RuntimeError

    def contributions(self, context: Any, round: SubjectRef) -> Sequence[Contribution]:
        raise RuntimeError

    def personal_data(self, context: Any, person: Person) -> PersonalData:
        raise RuntimeError

    def erase(self, context: Any, person: Person) -> ErasureReport:
        raise RuntimeError


@hookimpl
def register_deliberation_modules() -> Sequence[type[DeliberationModule]]:
    return [Hostile]
