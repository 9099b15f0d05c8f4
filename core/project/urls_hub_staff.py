"""Addresses of the national staff host."""

from core.project.urls_staff import handler403, handler404, handler500, urlpatterns

__all__ = ["handler403", "handler404", "handler500", "urlpatterns"]
