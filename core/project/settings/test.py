"""Settings of the test environment. A plugin's author has these too, and none of our tests."""

import logging
import sys
from typing import TextIO

from core.project.settings.base import *
from core.project.settings.base import LOGGING, STATIC_ROOT


class CurrentStderr(logging.StreamHandler[TextIO]):
    """To whatever stands for standard error now: a test's capture is closed when the test ends."""

    @property
    def stream(self) -> TextIO:
        return sys.stderr

    @stream.setter
    def stream(self, _given: TextIO) -> None:
        pass


STORAGES = {
    "default": {"BACKEND": "tenants.registry.storage.TenantStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
LOGGING["handlers"]["stderr"]["class"] = f"{__name__}.CurrentStderr"
# Tests read static files where they lie; nothing is collected.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
