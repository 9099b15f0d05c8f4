"""What the core is told when a plugin does not keep the contract."""

from __future__ import annotations

from core.kernel.errors import Unavailable


class PluginFailure(Unavailable):
    """A plugin raised, answered with the wrong thing or left the database elsewhere.

    Names the plugin and the method and nothing that was given to it, so that no ballot reaches a log.
    """

    def __init__(self, *, plugin: str, method: str, reason: str) -> None:
        super().__init__(
            f"The plugin {plugin} failed in {method}: {reason}.",
            code="plugin.failed",
            remedy="Try again later; the people who run this service can see what happened.",
            plugin=plugin,
            method=method,
        )
        self.plugin = plugin
        self.method = method
        self.reason = reason
