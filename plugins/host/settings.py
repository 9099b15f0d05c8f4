"""Settings of modules as they are kept: with their version, upgraded when a newer one reads them, secrets encrypted.

A secret is a field of the type `SecretStr`. It is sealed with a key of the tenant's own, so that neither a dump of the
database nor a page shows it, and what one council keeps opens nowhere else.

A module whose `settings_version` is higher than that of kept settings upgrades them on reading. While a round that
people vote in, or that is being counted, chose the module, somebody has to say so first (`plugin_upgrade`): until then
what was frozen is not read under other rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError

from core.kernel.crypto import token_open, token_seal
from core.kernel.errors import Invalid, Refused
from plugins.host.failures import PluginFailure
from plugins.host.models import PluginActivation
from plugins.host.ports import rounds_voting_with
from plugins.host.registry import Registered, registry
from tenants.registry.context import current_tenant

PURPOSE = "plugin-settings"
SEALED = "sealed"


def _names(found: Registered) -> frozenset[tuple[str, str]]:
    return frozenset({(found.kind.name, found.module.key)})


def secrets_of(model: type[BaseModel]) -> frozenset[str]:
    """The fields of a model that are secrets."""
    return frozenset(
        name for name, known in model.model_fields.items() if known.annotation in (SecretStr, SecretStr | None)
    )


def settings_keep(key: str, chosen: BaseModel, version: int) -> dict[str, Any]:
    """Settings as they are stored in the current tenant: version and values, secrets sealed."""
    values = chosen.model_dump(mode="json")
    for name in secrets_of(type(chosen)):
        secret = getattr(chosen, name)
        plain = secret.get_secret_value() if secret is not None else ""
        values[name] = {
            SEALED: token_seal(PURPOSE, current_tenant().uuid, {"k": f"{key}.{name}", "v": plain}, ttl=None)
        }
    return {"version": version, "values": values}


def _opened(key: str, model: type[BaseModel], values: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(values)
    for name in secrets_of(model):
        kept = found.get(name)
        if isinstance(kept, Mapping) and SEALED in kept:
            payload = token_open(PURPOSE, current_tenant().uuid, str(kept[SEALED]))
            if payload.get("k") != f"{key}.{name}":
                raise Invalid("A secret was kept for another setting.", code="plugin.secret")
            found[name] = payload["v"]
    return found


def upgraded(found: Registered, values: Mapping[str, Any], version: int) -> BaseModel:
    """Settings of any earlier version under the installed one. Raises PluginFailure where they do not fit."""
    module = found.module
    label = f"{found.kind.name} {module.key} settings"
    if version > module.settings_version:
        reason = f"they were kept by a newer version ({version}) than the one installed ({module.settings_version})"
        raise PluginFailure(plugin=found.plugin.name, method=label, reason=reason)
    try:
        plain = _opened(module.key, module.Settings, values)
        if version < module.settings_version:
            plain = dict(module.upgrade(plain, version))
        return module.Settings.model_validate(plain)
    except (ValidationError, Invalid) as error:
        raise PluginFailure(plugin=found.plugin.name, method=label, reason="kept values do not fit") from error
    except Exception as error:
        raise PluginFailure(plugin=found.plugin.name, method=label, reason="its upgrade raised an error") from error


def settings_read(found: Registered, row: PluginActivation) -> BaseModel:
    """The tenant's settings of a module.

    Raises PluginFailure where they do not fit, and Refused where they would have to be upgraded while people vote.
    """
    kept = row.settings.get(found.module.key, {})
    version = int(kept.get("version", found.module.settings_version))
    if version < found.module.settings_version:
        voting = rounds_voting_with(_names(found))
        if voting:
            raise needs_decision(found, version, voting)
    return upgraded(found, kept.get("values", {}), version)


def settings_last(found: Registered, row: PluginActivation | None) -> BaseModel | None:
    """The settings a module had here last, or begins with; None where it was never on and begins with none.

    Under an upgrade that nobody has decided yet, too: what is asked for with these changes no vote. Raises
    PluginFailure where kept ones do not fit.
    """
    if row is not None:
        kept = row.settings.get(found.module.key, {})
        return upgraded(found, kept.get("values", {}), int(kept.get("version", found.module.settings_version)))
    try:
        return found.module.Settings()
    except ValidationError:
        return None


def needs_decision(found: Registered, version: int, rounds: Any) -> Refused:
    return Refused(
        f"{found.module.key} was chosen with settings of version {version}, and version "
        f"{found.module.settings_version} is installed now. Used by: {', '.join(rounds)}.",
        code="plugin.upgrade_undecided",
        remedy=f"Decide with `commonty plugins upgrade {found.plugin.name}`, or install the version that was there.",
    )


def pinned_settings(kind: str, frozen: Mapping[str, Any]) -> BaseModel:
    """The settings of a module that an offer froze, as the installed version reads them.

    `frozen` names `key`, `settings` and `settings_version`. The same settings version reads them as they are; across
    one, somebody must have decided so in this tenant. Raises Refused, or PluginFailure.
    """
    found = registry().modules.get((kind, str(frozen["key"])))
    if found is None:
        raise Refused(f"The module {frozen['key']} is not installed.", code="voting.module_missing")
    version = int(frozen.get("settings_version", 1))
    if version != found.module.settings_version:
        row = PluginActivation.objects.filter(plugin=found.plugin.name, ended_at__isnull=True).first()
        taken = int(row.settings.get(found.module.key, {}).get("version", 0)) if row else 0
        if taken != found.module.settings_version:
            raise needs_decision(found, version, rounds_voting_with(_names(found)) or ("a round",))
    return upgraded(found, frozen["settings"], version)
