"""Modules for the current tenant: installed, allowed, registered and active. What is not active does not exist."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, cast

from pydantic import BaseModel

from core.kernel.errors import NotFound
from plugins.api import BallotFormat, EligibilityProof, OutcomeRule
from plugins.host.guard import Guarded
from plugins.host.kinds import BY_NAME
from plugins.host.models import PluginActivation
from plugins.host.registry import Registered, registry
from plugins.host.settings import settings_last, settings_read
from tenants.registry.context import current_tenant
from tenants.registry.permits import permit_of


def active_plugins() -> dict[str, PluginActivation]:
    """The activations that hold in this tenant, of plugins that stand in this process."""
    standing = registry().plugins
    rows = PluginActivation.objects.filter(ended_at__isnull=True, plugin__in=list(standing))
    return {row.plugin: row for row in rows}


def _missing(kind: str, key: str) -> NotFound:
    return NotFound(
        f"There is no {kind.replace('_', ' ')} {key!r} here.",
        code="plugin.not_active",
        remedy="Activate the plugin that brings it.",
    )


def _found(kind: str, key: str) -> tuple[Registered, PluginActivation]:
    registered = registry().modules.get((kind, key))
    if registered is None:
        raise _missing(kind, key)
    row = PluginActivation.objects.filter(plugin=registered.plugin.name, ended_at__isnull=True).first()
    if row is None:
        raise _missing(kind, key)
    return registered, row


def module(kind: str, key: str) -> Guarded:
    """A guarded module. Raises NotFound when this tenant has none of that key."""
    return Guarded(_found(kind, key)[0])


def ballot_format(key: str) -> BallotFormat:
    return cast(BallotFormat, module("ballot_format", key))


def outcome_rule(key: str) -> OutcomeRule:
    return cast(OutcomeRule, module("outcome_rule", key))


def eligibility_proof(key: str) -> EligibilityProof:
    return cast(EligibilityProof, module("eligibility_proof", key))


def active_modules(kind: str) -> list[Any]:
    """The guarded modules of a kind that this tenant may choose, in order of key."""
    if kind not in BY_NAME:
        raise NotFound(f"There is no kind of module {kind!r}.", code="plugin.kind")
    active = active_plugins()
    found = [one for (name, _), one in sorted(registry().modules.items()) if name == kind]
    return [Guarded(one) for one in found if one.plugin.name in active]


def choosable_modules(kind: str, *, keep: Collection[str] = ()) -> list[Any]:
    """Those of `active_modules` that something new may choose; `keep` are keys that were chosen before."""
    found = active_modules(kind)
    gone = {key for _, key in withdrawn((kind, one.key) for one in found)} - set(keep)
    return [one for one in found if one.key not in gone]


def withdrawn(modules: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those of these kinds and keys that the national team has withdrawn for new rounds here."""
    tenant, known = current_tenant().uuid, registry().modules
    return [name for name in modules if name in known and not permit_of(known[name].plugin.name, tenant).allowed]


def modules_with_settings(kind: str) -> list[tuple[Any, BaseModel]]:
    """Every guarded module of a kind that stands in this process, switched on here or not, with its settings.

    For what is owed to people whatever a tenant has switched off since: tables stay when a plugin is switched off.
    One that was never on here and has no settings without being told them is left out, because nobody can have used
    it. Raises PluginFailure where kept settings cannot be read.
    """
    kept = {row.plugin: row for row in PluginActivation.objects.order_by("activated_at", "id")}
    found = []
    for (name, _), one in sorted(registry().modules.items()):
        if name == kind and (settings := settings_last(one, kept.get(one.plugin.name))) is not None:
            found.append((Guarded(one), settings))
    return found


def module_settings(kind: str, key: str) -> BaseModel:
    """The tenant's settings of a module, checked on load. Raises NotFound, PluginFailure, or Refused."""
    registered, row = _found(kind, key)
    return settings_read(registered, row)
