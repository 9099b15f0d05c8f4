from django.apps import AppConfig


class OpinionGroupsConfig(AppConfig):
    name = "plugins.bundled.opinion_groups"
    label = "opinion_groups"
    default_auto_field = "django.db.models.BigAutoField"
    # Residents write and answer on the public host; only a worker writes the map.
    tenant_grants = {
        "Statement": {"voter": "SELECT, INSERT, UPDATE", "staff": "SELECT, INSERT, UPDATE"},
        "Answer": {"voter": "SELECT, INSERT, UPDATE", "staff": "SELECT, INSERT, UPDATE"},
        "Map": {"voter": "SELECT, INSERT, UPDATE (stale)", "staff": "SELECT, INSERT, UPDATE"},
    }
