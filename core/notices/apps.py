from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "core.notices"
    label = "notices"
    default_auto_field = "django.db.models.BigAutoField"
    # Whoever asks for a notice can never read it back; only the worker opens and empties it.
    tenant_grants = {
        "Notice": {
            "voter": "SELECT (id, tenant, created_at), INSERT",
            "staff": "SELECT (id, tenant, template, language, state, created_at, sent_at, channel, delivery), INSERT",
            "worker": "SELECT, INSERT, UPDATE",
        },
        # Whoever asks for a notice is told where nothing could carry it.
        "ChannelChoice": {"voter": "SELECT", "staff": "SELECT, INSERT, DELETE", "worker": "SELECT"},
    }
