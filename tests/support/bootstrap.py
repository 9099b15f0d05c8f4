"""Loaded before Django reads its settings: the embedded services of the tests, in their own directory."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
os.environ.setdefault("COMMONTY_ENV", "test")
os.environ.setdefault("COMMONTY_VAR", str(ROOT / "var" / "test"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "core.project.settings.test")

from core.project.services import services_up  # noqa: E402  # the environment above must come first

services_up()
