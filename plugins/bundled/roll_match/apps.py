from django.apps import AppConfig


class RollMatchConfig(AppConfig):
    name = "plugins.bundled.roll_match"
    label = "roll_match"
    default_auto_field = "django.db.models.BigAutoField"
    # Voters are looked up; officers hand lists in and take them back; a worker deletes them after the round.
    tenant_grants = {
        "RollList": {
            "voter": "SELECT",
            "staff": "SELECT, INSERT, DELETE",
            "worker": "SELECT, DELETE",
        },
        "RollLine": {
            "voter": "SELECT",
            "staff": "SELECT, INSERT, DELETE",
            "worker": "SELECT, DELETE",
        },
    }
