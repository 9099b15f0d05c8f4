"""Messages by the service's own mail server."""

from __future__ import annotations

from collections.abc import Sequence

from plugins.api import NotificationChannel, PluginInfo, hookimpl
from plugins.bundled.channel_email.channel import Email

PLUGIN = PluginInfo(
    name="channel-email",
    version="1.0.0",
    author="Commonty",
    licence="Apache-2.0",
    security_contact="security@commonty.example",
    requires_api=">=1.0,<2",
)


@hookimpl
def register_notification_channels() -> Sequence[type[NotificationChannel]]:
    return [Email]
