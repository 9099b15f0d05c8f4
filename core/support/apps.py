from django.apps import AppConfig


class SupportConfig(AppConfig):
    name = "core.support"
    label = "support"
    default_auto_field = "django.db.models.BigAutoField"
    tenant_grants = {
        "SupportGrant": {
            "voter": "",
            "staff": "SELECT, INSERT, UPDATE (ended_at, ended_by_id, role_grant_id)",
            "worker": "SELECT, INSERT, UPDATE (ended_at, ended_by_id, role_grant_id)",
        },
    }
