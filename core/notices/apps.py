from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "core.notices"
    label = "notices"
    default_auto_field = "django.db.models.BigAutoField"
    # Whoever asks for a notice can never read it back; only the worker opens and empties it.
    tenant_grants = {
        "Notice": {
            "voter": "SELECT (id, tenant, created_at), INSERT",
            "staff": "SELECT (id, tenant, template, language, state, created_at, sent_at), INSERT",
            "worker": "SELECT, INSERT, UPDATE",
        },
    }
