"""What the core asks of every deliberation module at once: its queue, its end, and what it holds about a person.

A module that fails is named in the answer and keeps nobody else from answering.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from core.audit.models import AuditEvent
from core.kernel.errors import NotFound
from plugins.api import ErasureReport, ModerationItem, Person, PersonalData, SubjectRef, Verdict
from plugins.host.context import plugin_context
from plugins.host.failures import PluginFailure
from plugins.host.registry import registry
from plugins.host.selectors import active_modules, module_settings, modules_with_settings

KIND = "deliberation"


@dataclass(frozen=True, slots=True)
class Queued:
    """Something that waits for a moderator, and the module it stands in."""

    module: Any
    item: ModerationItem


def _context(module: Any) -> Any:
    return plugin_context(module_settings(KIND, module.key), module=(KIND, module.key))


def queue_of(module: Any, cursor: str = "") -> tuple[list[Queued], str]:
    page = module.moderation_queue(_context(module), cursor)
    return [Queued(module, item) for item in page.items], page.next


def queues() -> tuple[list[Queued], list[str]]:
    """What waits in every active module, the oldest first, and the keys of modules that could not answer."""
    waiting: list[Queued] = []
    silent: list[str] = []
    for module in active_modules(KIND):
        try:
            waiting += queue_of(module)[0]
        except PluginFailure:
            silent.append(module.key)
    return sorted(waiting, key=lambda one: one.item.written_at), silent


def moderate(*, key: str, item: str, decision: Verdict, reason: str) -> None:
    """Have a module carry out a decision. Raises NotFound for one that is not active, PluginFailure."""
    found = next((one for one in active_modules(KIND) if one.key == key), None)
    if found is None:
        raise NotFound("There is no such discussion here.", code="plugin.not_active")
    found.moderate(_context(found), item, decision, reason)


def work_handle(payload: dict[str, Any]) -> None:
    """A worker's part of what a module has asked for. A module that is not active any more has nothing to do."""
    kind, key = str(payload["kind"]), str(payload["key"])
    found = next((one for one in active_modules(kind) if one.key == key), None)
    if found is not None:
        context = plugin_context(module_settings(kind, key), module=(kind, key))
        found.work(context, str(payload["task"]), payload["words"])


def discussions_freeze(event: AuditEvent) -> None:
    """A listener of the outbox: when voting closes, every module of the tenant is told that the round has ended."""
    if event.body["verb"] in ("close_voting", "cancel"):
        for module in active_modules(KIND):
            module.freeze(_context(module), SubjectRef("round", str(event.body["round"])))


def personal_data_kept(person: Person) -> dict[str, PersonalData]:
    """What each module holds about a person, by its key, switched off or not. Raises PluginFailure: half is none."""
    found = {one.key: one.personal_data(context, person) for one, context in _whoever_may_hold()}
    return {key: held for key, held in found.items() if held.tables}


def person_erase(person: Person, *, plugins: Collection[str] | None = None) -> dict[str, ErasureReport]:
    """Have each module take a person out, in the caller's transaction, switched off or not; with `plugins`, only
    theirs. Raises PluginFailure."""
    whose = {one.module.key: one.plugin.name for one in registry().modules.values() if one.kind.name == KIND}
    return {
        one.key: one.erase(context, person)
        for one, context in _whoever_may_hold()
        if plugins is None or whose[one.key] in plugins
    }


def _whoever_may_hold() -> list[tuple[Any, Any]]:
    """Every module that may hold somebody, and its context: what was written stays when a module is switched off."""
    return [(one, plugin_context(settings, module=(KIND, one.key))) for one, settings in modules_with_settings(KIND)]
