"""Switching plugins on and off for the current tenant; each is a recorded decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from pydantic import ValidationError

from core.audit.services import event_record
from core.kernel.errors import Invalid, NotFound, Refused
from plugins.api import Problem, Text
from plugins.host.events import PluginActivated, PluginConfigured, PluginDeactivated, PluginsBegun, PluginUpgraded
from plugins.host.models import PluginActivation
from plugins.host.ports import rounds_using, rounds_voting_with
from plugins.host.registry import Registered, registry
from plugins.host.settings import secrets_of, settings_keep, upgraded
from tenants.registry.context import current_tenant
from tenants.registry.permits import permit_of


def plugin_activate(
    *, plugin: str, actor: Any = None, settings: Mapping[str, Mapping[str, Any]] | None = None
) -> PluginActivation:
    """Switch a plugin on, with settings per module key. Doing it again changes nothing.

    Raises NotFound when it is not installed, allowed and sound; Refused where the national team has withdrawn it;
    Invalid when settings do not fit.
    """
    info = registry().plugins.get(plugin)
    if info is None:
        raise NotFound(
            f"There is no plugin {plugin!r} that can be used.",
            code="plugin.unknown",
            remedy="`commonty plugins list` shows those that can.",
        )
    if not (permit := permit_of(plugin, current_tenant().uuid)).allowed:
        raise Refused(
            f"The national team has not allowed {plugin} here.",
            code="plugin.withdrawn",
            remedy=permit.reason or "Ask them for it under “Wishes for modules”.",
        )
    kept = _kept(plugin, settings or {})
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


def plugins_begin(*, plugins: Sequence[str]) -> None:
    """Switch on those that are allowed here and not on yet, as they come: in a few questions for all.

    For a tenant that begins, and for a plugin that is new everywhere.
    """
    known, own = registry().plugins, current_tenant().uuid
    plugins = [name for name in plugins if permit_of(name, own).allowed]
    with transaction.atomic():
        on = set(PluginActivation.objects.filter(ended_at__isnull=True).values_list("plugin", flat=True))
        fresh = [known[name] for name in plugins if name not in on]
        PluginActivation.objects.bulk_create(
            [PluginActivation(plugin=one.name, version=one.version, settings=_kept(one.name, {})) for one in fresh]
        )
        if fresh:
            event_record(PluginsBegun(plugins=[f"{one.name} {one.version}" for one in fresh]))


def _kept(plugin: str, settings: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The settings of each of its modules as they are stored. Raises Invalid."""
    kept: dict[str, Any] = {}
    for one in registry().of_plugin(plugin):
        try:
            values = one.module.Settings.model_validate(dict(settings.get(one.module.key, {})))
        except ValidationError as error:
            raise Invalid(
                f"The settings of {one.module.key} do not fit.",
                code="plugin.settings",
                problems=tuple(str(item["msg"]) for item in error.errors()),
            ) from error
        kept[one.module.key] = settings_keep(one.module.key, values, one.module.settings_version)
    return kept


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


def _active(plugin: str) -> PluginActivation:
    row = PluginActivation.objects.select_for_update().filter(plugin=plugin, ended_at__isnull=True).first()
    if row is None:
        raise NotFound(f"The plugin {plugin!r} is not active here.", code="plugin.not_active")
    return row


def _modules(plugin: str) -> list[Registered]:
    return registry().of_plugin(plugin)


def module_configure(*, kind: str, key: str, settings: Mapping[str, Any], actor: Any = None) -> None:
    """Keep new settings of a module. What rounds have frozen stays as it is.

    A secret that is left out keeps its value. Raises NotFound, or Invalid with a problem for each setting.
    """
    found = registry().modules.get((kind, key))
    if found is None:
        raise NotFound(f"There is no module {key!r}.", code="plugin.unknown")
    with transaction.atomic():
        row = _active(found.plugin.name)
        model, kept = found.module.Settings, row.settings.get(key, {})
        given = dict(settings)
        before = upgraded(found, kept.get("values", {}), int(kept.get("version", found.module.settings_version)))
        for name in secrets_of(model) - given.keys():
            secret = getattr(before, name)
            given[name] = secret.get_secret_value() if secret is not None else None
        try:
            values = model.model_validate(given)
        except ValidationError as error:
            problems = tuple(
                Problem("plugin.setting", Text(str(item["msg"]), str(item["msg"])), ".".join(map(str, item["loc"])))
                for item in error.errors()
            )
            raise Invalid(f"The settings of {key} do not fit.", code="plugin.settings", problems=problems) from error
        row.settings = {**row.settings, key: settings_keep(key, values, found.module.settings_version)}
        row.save(update_fields=["settings"])
        # Names alone: values may be secrets, and what they were is in the row's own history no longer.
        event_record(PluginConfigured(plugin=found.plugin.name, module=key, settings=sorted(given)), actor=actor)


def plugin_upgrade(*, plugin: str, reason: str, actor: Any = None) -> list[str]:
    """Decide that the installed version reads what an earlier one kept, also for rounds that people vote in now.

    Returns the rounds it concerns, which the record names too. Raises NotFound, Invalid without a reason, and
    PluginFailure where the settings cannot be upgraded, when nothing has changed.
    """
    if not reason.strip():
        raise Invalid(
            "Say why the newer version may be used.", code="plugin.reason", remedy="Give the reason; it is recorded."
        )
    info = registry().plugins.get(plugin)
    if info is None:
        raise NotFound(f"There is no plugin {plugin!r} that can be used.", code="plugin.unknown")
    with transaction.atomic():
        row = _active(plugin)
        before, kept = row.version, dict(row.settings)
        for one in _modules(plugin):
            old = kept.get(one.module.key, {})
            values = upgraded(one, old.get("values", {}), int(old.get("version", one.module.settings_version)))
            kept[one.module.key] = settings_keep(one.module.key, values, one.module.settings_version)
        rounds = list(rounds_voting_with(frozenset((one.kind.name, one.module.key) for one in _modules(plugin))))
        row.settings, row.version = kept, info.version
        row.save(update_fields=["settings", "version"])
        event_record(
            PluginUpgraded(
                plugin=plugin, from_version=before, to_version=info.version, rounds=rounds, reason=reason.strip()[:500]
            ),
            actor=actor,
        )
    return rounds
