"""Tables of plugins: each row says whose it is, or the plugin is not used at all.

The host seals a table by its column `tenant` (`tenants.registry.seal`): a row of one council then cannot get into, or
out of, another's schema. A table without it would be the one place where a mistake in a path is not caught.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.apps import apps as installed_apps

from tenants.registry.seal import says_whose


def unsealed(package: str, configs: Iterable[Any] | None = None) -> list[str]:
    """Tables of a plugin's package that do not say whose a row is; also those Django makes for relations to many."""
    known = installed_apps.get_app_configs() if configs is None else configs
    return sorted(
        model._meta.db_table
        for config in known
        if config.name == package
        for model in config.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy and not says_whose(model)
    )
