"""The composition root as an app: its only work is to bind the ports once everything is loaded."""

from django.apps import AppConfig


class ProjectConfig(AppConfig):
    name = "core.project"
    label = "project"

    def ready(self) -> None:
        from core.project.bindings import bind

        bind()
