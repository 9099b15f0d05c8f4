"""Telling plugins what has happened: after commit, by a worker, one plugin at a time.

The outbox carries one message for each plugin that listens, so that one which fails is tried again alone and is parked
in the end, where an officer sees it and can have it told once more. What is told is built from the fact when it is
told; which fact means which hook is bound by `project`, which knows the facts of every module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from core.audit.models import AuditEvent
from core.audit.services import job_enqueue
from core.kernel.jobs import Job, Queue
from plugins.api import NoSettings, Observed
from plugins.api.hookspecs import OBSERVERS
from plugins.host.context import plugin_context
from plugins.host.guard import guarded
from plugins.host.kinds import Method, nothing
from plugins.host.registry import registry
from plugins.host.selectors import active_plugins, module_settings

OBSERVE_JOB = Job("plugins.observe", Queue.DEFAULT)
CALL = Method(nothing, seconds=5)

Told = Iterable[tuple[str, Observed]]
Builder = Callable[[AuditEvent], Told]
_builders: dict[str, Builder] = {}


def observing_bind(builders: Mapping[str, Builder]) -> None:
    """For each kind of fact, what observers are told of it: names of hooks with their events."""
    _builders.clear()
    _builders.update(builders)


def _told(fact: AuditEvent) -> dict[str, Observed]:
    builder = _builders.get(fact.kind)
    return dict(builder(fact)) if builder is not None else {}


def listeners_of(hook: str) -> list[str]:
    """Names of the plugins that listen and stand in this process."""
    caller = getattr(registry().manager.hook, hook)
    return sorted(implementation.plugin_name for implementation in caller.get_hookimpls())


def observers_tell(fact: AuditEvent) -> None:
    """A listener of the outbox: one message for each active plugin that listens to what this fact means."""
    active: Mapping[str, Any] | None = None
    for hook in _told(fact):
        names = listeners_of(hook)
        if names and active is None:
            active = active_plugins()
        for name in names:
            if active and name in active:
                job_enqueue(OBSERVE_JOB, payload={"event": str(fact.pk), "hook": hook, "plugin": name})


def observe_handle(payload: dict[str, Any]) -> None:
    """Tell one plugin one thing. Raises PluginFailure, which the outbox answers with another try later."""
    hook, name = str(payload["hook"]), str(payload["plugin"])
    standing = registry()
    if hook not in OBSERVERS or name not in standing.plugins or name not in active_plugins():
        return
    event = _told(AuditEvent.objects.get(pk=payload["event"])).get(hook)
    if event is None or name not in listeners_of(hook):
        return
    manager = standing.manager
    others = [plugin for other, plugin in manager.list_name_plugin() if other != name]
    caller = manager.subset_hook_caller(hook, others)
    modules = standing.of_plugin(name)
    only = modules[0] if len(modules) == 1 else None
    settings = module_settings(only.kind.name, only.module.key) if only else NoSettings()

    def tell() -> None:
        caller(context=plugin_context(settings), event=event)

    guarded(name, f"observer {hook}", tell, CALL)
