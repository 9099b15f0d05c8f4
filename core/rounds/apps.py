from django.apps import AppConfig


class RoundsConfig(AppConfig):
    name = "core.rounds"
    label = "rounds"
    default_auto_field = "django.db.models.BigAutoField"
    # A version of the rules and a step that was taken are written once. What was said to a step stays with officers.
    tenant_grants = {
        "Round": {"staff": "SELECT, INSERT, UPDATE", "worker": "SELECT, INSERT, UPDATE"},
        "RuleSet": {"staff": "SELECT, INSERT", "worker": "SELECT, INSERT"},
        "RoundTransition": {
            "voter": "SELECT (id, round_id, verb, source, target, reason_code, made_at)",
            "staff": "SELECT, INSERT",
            "worker": "SELECT, INSERT",
        },
    }
