from django.apps import AppConfig


class ThreadsConfig(AppConfig):
    name = "plugins.bundled.threads"
    label = "threads"
    default_auto_field = "django.db.models.BigAutoField"
    # Residents write on the public host. Nobody deletes what others can have read: it is hidden or emptied.
    tenant_grants = {
        "Post": {"voter": "SELECT, INSERT, UPDATE", "staff": "SELECT, INSERT, UPDATE"},
        "Mark": {"voter": "SELECT, INSERT, DELETE"},
    }
