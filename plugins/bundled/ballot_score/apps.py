"""The folder as a Django app, for its templates."""

from __future__ import annotations

from django.apps import AppConfig


class Config(AppConfig):
    name = "plugins.bundled.ballot_score"
    label = "ballot_score"
