"""Settings of the test environment."""

from core.project.settings.base import *

STORAGES = {
    "default": {"BACKEND": "tenants.registry.storage.TenantStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
