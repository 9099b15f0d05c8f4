from django.apps import AppConfig


class RoundDelegationConfig(AppConfig):
    name = "core.rounds.delegation"
    label = "round_delegation"
    default_auto_field = "django.db.models.BigAutoField"
    # Officers ask and a worker notes the ledger's answer; nobody rewrites what was asked.
    tenant_grants = {
        "DelegationAct": {
            "voter": "",
            "staff": "SELECT, INSERT, UPDATE (freed)",
            "worker": "SELECT, INSERT, UPDATE (state, code, answer, remedy, answered_at, freed)",
        },
    }
