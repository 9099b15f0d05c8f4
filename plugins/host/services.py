"""Switching plugins on and off for the current tenant; each is a recorded decision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from pydantic import ValidationError

from core.audit.services import event_record
from core.kernel.errors import Invalid, NotFound, Refused
from plugins.host.events import PluginActivated, PluginDeactivated
from plugins.host.models import PluginActivation
from plugins.host.ports import rounds_using
from plugins.host.registry import registry


def plugin_activate(
    *, plugin: str, actor: Any = None, settings: Mapping[str, Mapping[str, Any]] | None = None
) -> PluginActivation:
    """Switch a plugin on, with settings per module key. Doing it again changes nothing.

    Raises NotFound when it is not installed, allowed and sound; Invalid when settings do not fit.
    """
    info = registry().plugins.get(plugin)
    if info is None:
        raise NotFound(
            f"There is no plugin {plugin!r} that can be used.",
            code="plugin.unknown",
            remedy="`commonty plugins list` shows those that can.",
        )
    kept: dict[str, Any] = {}
    for one in registry().of_plugin(plugin):
        try:
            values = one.module.Settings.model_validate(dict((settings or {}).get(one.module.key, {})))
        except ValidationError as error:
            raise Invalid(
                f"The settings of {one.module.key} do not fit.",
                code="plugin.settings",
                problems=tuple(str(item["msg"]) for item in error.errors()),
            ) from error
        kept[one.module.key] = {"version": one.module.settings_version, "values": values.model_dump(mode="json")}
    with transaction.atomic():
        row, made = PluginActivation.objects.get_or_create(
            plugin=plugin,
            ended_at__isnull=True,
            defaults={
                "version": info.version,
                "settings": kept,
                "activated_by": getattr(actor, "public_id", None),
            },
        )
        if made:
            event_record(PluginActivated(plugin=plugin, version_of_plugin=info.version), actor=actor)
    return row


def plugin_deactivate(*, plugin: str, actor: Any = None) -> None:
    """Switch a plugin off. Raises NotFound when it is not on, Refused while an open round needs it."""
    needed = rounds_using(frozenset((one.kind.name, one.module.key) for one in registry().of_plugin(plugin)))
    if needed:
        raise Refused(
            f"The plugin {plugin} is used by {', '.join(needed)}.",
            code="plugin.in_use",
            remedy="Wait until these rounds are closed.",
        )
    with transaction.atomic():
        ended = PluginActivation.objects.filter(plugin=plugin, ended_at__isnull=True).update(
            ended_at=Now(), ended_by=getattr(actor, "public_id", None)
        )
        if not ended:
            raise NotFound(f"The plugin {plugin!r} is not active here.", code="plugin.not_active")
        event_record(PluginDeactivated(plugin=plugin), actor=actor)
