"""Tables of plugins: each row says whose it is and each name whose the table is, or the plugin is not used at all.

The host seals a table by its column `tenant` (`tenants.registry.seal`): a row of one council then cannot get into, or
out of, another's schema. A table without it would be the one place where a mistake in a path is not caught.
A table is named after its app's label: `commonty plugins purge` finds a plugin's tables by it, and no plugin stands in
the way of another's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps as installed_apps

from tenants.registry.seal import says_whose


def unsealed(package: str, configs: Iterable[Any] | None = None) -> list[str]:
    """Tables of a plugin's package that do not say whose a row is; also those Django makes for relations to many."""
    return sorted(model._meta.db_table for _label, model in _own(package, configs) if not says_whose(model))


def unprefixed(package: str, configs: Iterable[Any] | None = None) -> list[str]:
    """Tables of a plugin's package that are not named after its label."""
    own = [(label, model._meta.db_table) for label, model in _own(package, configs)]
    return sorted(table for label, table in own if not table.startswith(f"{label}_"))


def _own(package: str, configs: Iterable[Any] | None) -> Iterator[tuple[str, Any]]:
    """Label and model of each table that the package brings, those Django makes for relations to many included."""
    for config in installed_apps.get_app_configs() if configs is None else configs:
        if config.name == package:
            for model in config.get_models(include_auto_created=True):
                if model._meta.managed and not model._meta.proxy:
                    yield config.label, model
