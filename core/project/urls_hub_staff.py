"""Addresses of the national staff host."""

from django.urls import include, path

from core.project import urls_staff
from core.project.urls_staff import handler403, handler404, handler500

# The national site's own officers, and beside their pages the console over all of Scotland.
urlpatterns = [path("console/", include("core.web.hub.console.urls")), *urls_staff.urlpatterns]

__all__ = ["handler403", "handler404", "handler500", "urlpatterns"]
