"""Loaded before Django reads its settings: the embedded services of the tests, in their own directory."""

from __future__ import annotations

import os
import socket
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
os.environ.setdefault("COMMONTY_ENV", "test")
os.environ.setdefault("COMMONTY_VAR", str(ROOT / "var" / "test"))
# Of several processes of one run, each has services of its own; the first has those of a run in one process.
OWN = "-" + os.environ.get("PYTEST_XDIST_WORKER", "gw0")
if OWN != "-gw0" and not os.environ["COMMONTY_VAR"].endswith(OWN):
    os.environ["COMMONTY_VAR"] += OWN
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "core.project.settings.test")

# Only the tests that ask for a Keycloak have one; whoever names a server in the environment lends it to those.
KEYCLOAK_LENT = (os.environ.pop("COMMONTY_KEYCLOAK_URL", ""), os.environ.pop("COMMONTY_KEYCLOAK_ADMIN_SECRET", ""))

if "COMMONTY_PORT" not in os.environ or "PYTEST_VERSION" in os.environ:
    # Addresses carry the port, so the browser tests' server gets its own before settings are read.
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        os.environ["COMMONTY_PORT"] = str(probe.getsockname()[1])

from core.project.services import services_up  # noqa: E402  # the environment above must come first

services_up()
