from django.apps import AppConfig


class SupportConfig(AppConfig):
    name = "core.support"
    label = "support"
    default_auto_field = "django.db.models.BigAutoField"
    tenant_grants = {
        "SupportGrant": {
            "voter": "",
            "staff": "SELECT, INSERT, UPDATE (ended_at, ended_by, role_grant)",
            "worker": "SELECT, INSERT, UPDATE (ended_at, ended_by, role_grant)",
        },
    }
