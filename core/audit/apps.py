from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "core.audit"
    label = "audit"
    default_auto_field = "django.db.models.BigAutoField"
    # Nobody rewrites the record. The worker's sequencer may fill in the chain, and nothing else.
    tenant_grants = {
        "AuditEvent": {
            # What an insert hands back to its writer, and no more.
            "voter": "SELECT (id, tenant, recorded_at), INSERT",
            "staff": "SELECT, INSERT",
            "worker": "SELECT, INSERT, UPDATE (seq, previous_hash, hash)",
        },
        "OutboxMessage": {
            "voter": "SELECT (id, tenant, available_at, created_at), INSERT",
            # An officer may have a parked message tried once more.
            "staff": "SELECT, INSERT, UPDATE (state, attempts, available_at)",
            "worker": "SELECT, INSERT, UPDATE, DELETE",
        },
        # Only a worker signs; no web process can read the key, and nobody can exchange it.
        "SigningKey": {"voter": "", "staff": "", "worker": "SELECT, INSERT"},
        "InboxEffect": {"voter": "", "staff": "SELECT", "worker": "SELECT, INSERT"},
    }
