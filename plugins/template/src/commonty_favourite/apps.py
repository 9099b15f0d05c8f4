"""The package as a Django app, for its template."""

from __future__ import annotations

from django.apps import AppConfig


class Config(AppConfig):
    name = "commonty_favourite"
    label = "commonty_favourite"
