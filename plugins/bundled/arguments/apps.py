from django.apps import AppConfig


class ArgumentsConfig(AppConfig):
    name = "plugins.bundled.arguments"
    label = "arguments"
    default_auto_field = "django.db.models.BigAutoField"
    # Residents write on the public host. Nobody deletes what others can have read: it is hidden or emptied.
    tenant_grants = {
        "Argument": {"voter": "SELECT, INSERT, UPDATE", "staff": "SELECT, INSERT, UPDATE"},
        "Mark": {"voter": "SELECT, INSERT, DELETE"},
    }
