"""Addresses of a tenant's staff host: officers' pages and, only here, Wagtail's editor."""

from django.urls import include, path
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.documents import urls as wagtaildocs_urls

from core.web.manage.mail import demo_mail
from core.web.sign_in import sign_in_urls

handler403 = "core.web.errors.forbidden"
handler404 = "core.web.errors.not_found"
handler500 = "core.web.errors.server_error"

urlpatterns = [
    path("", include("core.web.public.urls_plain")),
    *sign_in_urls,
    path("", include("core.web.manage.urls")),
    # Residents' pages as a preview: the same names, so that the public templates' links stay within it.
    path("", include("core.web.manage.preview")),
    path("demo-mail/", demo_mail, name="demo-mail"),
    path("cms/", include(wagtailadmin_urls)),
    path("documents/", include(wagtaildocs_urls)),
]
