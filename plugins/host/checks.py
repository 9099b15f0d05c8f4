"""The system check that names each plugin that was switched off. A warning: the process starts without it."""

from __future__ import annotations

from typing import Any

from django.core import checks
from django.core.checks import CheckMessage

from plugins.host.registry import registry


def plugins_check(**kwargs: Any) -> list[CheckMessage]:
    return [
        checks.Warning(
            f"The plugin {failed.plugin} is switched off everywhere: {failed.reason}.",
            hint="Install a version that fits, or take it out of COMMONTY_PLUGINS_ALLOWED.",
            id="plugin_host.W001",
        )
        for failed in registry().failed
    ]
