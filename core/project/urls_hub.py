"""Addresses of the national site."""

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path

from core.web.sign_in import sign_in_urls

handler403 = "core.web.errors.forbidden"
handler404 = "core.web.errors.not_found"
handler500 = "core.web.errors.server_error"

urlpatterns = [
    path("", include("core.web.public.urls_plain")),
    *sign_in_urls,
    # The editors' pages come last: whatever no page of the service answers.
    *i18n_patterns(
        path("", include("core.web.hub.urls")), path("", include("cms.urls")), prefix_default_language=False
    ),
]
