"""Erasures that a plugin still owes, because it does not load now and cannot be asked.

What it wrote stays in its tables. Each erasure leaves a message of the outbox for it, which is parked until it can be
done: when the plugin stands again, or when its tables are gone because it was purged. Until then officers see it under
their modules, and `commonty doctor` says it.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.apps import apps
from django.db import connection

from core.audit.models import OutboxMessage
from core.audit.outbox import message_again
from core.audit.services import job_enqueue
from core.kernel.errors import Unavailable
from core.kernel.jobs import Job
from plugins.api import Person
from plugins.discovery import installed
from plugins.host.deliberation import person_erase
from plugins.host.models import PluginActivation
from plugins.host.registry import registry

OWED_JOB = Job("plugins.erase")
TABLES = (
    "SELECT relname FROM pg_class"
    " WHERE relkind = 'r' AND NOT relispartition AND relnamespace = current_schema()::regnamespace"
)


class StillOwed(Unavailable):
    """The plugin cannot be asked. Trying at once again does not help, so the message is parked the first time."""

    attempts = 1

    def __init__(self, plugin: str) -> None:
        super().__init__(
            f"The plugin {plugin} does not load, so that it could not be asked to erase somebody.",
            code="plugin.erasure_owed",
            remedy=f"Install a version of {plugin} that loads, or `commonty plugins purge {plugin}`.",
        )


def plugins_silent() -> list[str]:
    """Plugins that were switched on here at some time, cannot be asked now, and have left tables behind.

    Whose tables are left of a package that is gone nobody can say: any table that no module of this process has
    counts against every such plugin.
    """
    gone = set(PluginActivation.objects.values_list("plugin", flat=True)) - registry().plugins.keys()
    if not gone:
        return []
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        left = {str(name) for (name,) in cursor.fetchall()}
    packages = {one.name: one.package for one in installed()}
    own = {
        config.name: {model._meta.db_table for model in config.get_models(include_auto_created=True)}
        for config in apps.get_app_configs()
    }
    nobodys = left - set().union(*own.values()) - {"django_migrations"}
    return sorted(name for name in gone if own.get(packages.get(name, ""), nobodys) & left)


def erasures_owe(person: Person) -> list[str]:
    """Leave word for every plugin that cannot be asked, in the caller's transaction; returns their names."""
    names = plugins_silent()
    for name in names:
        job_enqueue(OWED_JOB, payload={"plugin": name, "person": person.pseudonym})
    return names


def owed_handle(payload: dict[str, Any]) -> None:
    """A worker's part: ask the plugin now. Raises StillOwed, and PluginFailure where it loads and fails."""
    name = str(payload["plugin"])
    if name in plugins_silent():
        raise StillOwed(name)
    person_erase(Person(pseudonym=str(payload["person"])), plugins=[name])


def erasures_owed() -> dict[str, int]:
    """How many erasures each plugin owes in the current tenant."""
    waiting = OutboxMessage.objects.filter(task=OWED_JOB.name).exclude(state=OutboxMessage.State.DONE)
    return dict(sorted(Counter(waiting.values_list("payload__plugin", flat=True)).items()))


def erasures_again(*, limit: int) -> int:
    """Try those that waited for a plugin that stands again (core.audit.ports.Hourly). Returns how many."""
    parked = OutboxMessage.objects.filter(task=OWED_JOB.name, state=OutboxMessage.State.PARKED)
    rows = list(parked.values_list("id", "payload__plugin")[:limit])
    silent = set(plugins_silent()) if rows else set()
    ready = [row for row, plugin in rows if plugin not in silent]
    for row in ready:
        message_again(row)
    return len(ready)
