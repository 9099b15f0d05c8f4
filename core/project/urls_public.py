"""Addresses of a council's or group's public host."""

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path

from core.web.public.callbacks import channel_callback
from core.web.sign_in import sign_in_urls

handler403 = "core.web.errors.forbidden"
handler404 = "core.web.errors.not_found"
handler500 = "core.web.errors.server_error"

urlpatterns = [
    # Files of the look and well-known addresses have one address, whatever the language.
    path("", include("core.web.public.urls_plain")),
    *sign_in_urls,
    # For carriers of messages, which have no language.
    path("x/<slug:key>/-/callback/", channel_callback, name="channel-callback"),
    # The editors' pages come last: whatever no page of the service answers.
    *i18n_patterns(
        path("", include("core.web.public.urls")), path("", include("cms.urls")), prefix_default_language=False
    ),
]
