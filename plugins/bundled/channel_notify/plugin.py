"""Messages by GOV.UK Notify."""

from __future__ import annotations

from collections.abc import Sequence

from plugins.api import NotificationChannel, PluginInfo, hookimpl
from plugins.bundled.channel_notify.channel import NotifyEmail, NotifyText

PLUGIN = PluginInfo(
    name="channel-notify",
    version="1.0.0",
    author="Commonty",
    licence="Apache-2.0",
    security_contact="security@commonty.example",
    requires_api=">=1.0,<2",
    hosts=("api.notifications.service.gov.uk",),
)


@hookimpl
def register_notification_channels() -> Sequence[type[NotificationChannel]]:
    return [NotifyEmail, NotifyText]
