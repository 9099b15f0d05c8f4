"""What the web server serves: what may be believed is decided first, then the ballot entry, the site behind it."""

from __future__ import annotations

import gc
import os
import sys

from core.kernel.env import environment
from core.project.start import start_check

start_check()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"core.project.settings.{environment().env}")

from django.core.wsgi import get_wsgi_application  # noqa: E402  # the settings' name must be known first

site = get_wsgi_application()

from core.web.cast import BallotEntry  # noqa: E402  # models are loaded by the line above
from tenants.registry.front import Front  # noqa: E402

application = Front(BallotEntry(site), environment().trusted_proxies)

# A thread that comes back from the database waits for the one that computes; at the usual 5 ms each time, a page of ten
# questions would wait longer than it works.
sys.setswitchinterval(0.0005)

# What is loaded by now stays for good: the collector need not walk it again and again while ballots are taken.
gc.collect()
gc.freeze()
