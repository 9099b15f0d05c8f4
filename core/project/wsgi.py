"""What the web server serves."""

from __future__ import annotations

import os

from core.kernel.env import environment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"core.project.settings.{environment().env}")

from django.core.wsgi import get_wsgi_application  # the settings' name must be known first

application = get_wsgi_application()
