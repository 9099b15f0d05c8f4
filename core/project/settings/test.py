"""Settings of the test environment."""

from core.project.settings.base import *
from core.project.settings.base import LOGGING, STATIC_ROOT

STORAGES = {
    "default": {"BACKEND": "tenants.registry.storage.TenantStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
LOGGING["handlers"]["stderr"]["class"] = "tests.support.logs.CurrentStderr"
# Tests read static files where they lie; nothing is collected.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
