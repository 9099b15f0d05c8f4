from django.apps import AppConfig


class SetupConfig(AppConfig):
    name = "core.setup"
    label = "setup"
    default_auto_field = "django.db.models.BigAutoField"
    # Residents read how to reach the place and what it has adopted; who accepted and who is invited is for staff.
    tenant_grants = {
        "SetupItem": {"voter": "SELECT (key, answers)"},
        "Acceptance": {
            "voter": "SELECT (id, kind, key, version, variation, accepted_at)",
            "staff": "SELECT, INSERT",
            "worker": "SELECT, INSERT",
        },
        "Invitation": {
            "voter": "",
            "staff": "SELECT, INSERT, UPDATE (used_at, used_by, address)",
            "worker": "SELECT, INSERT, UPDATE (used_at, used_by, address)",
        },
    }
