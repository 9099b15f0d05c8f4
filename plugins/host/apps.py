from django.apps import AppConfig


class PluginHostConfig(AppConfig):
    name = "plugins.host"
    label = "plugin_host"
    default_auto_field = "django.db.models.BigAutoField"
    # A resident asks for a code and gives it back on the public host. Officers have no business with codes.
    tenant_grants = {
        "PluginActivation": {"voter": "SELECT", "staff": "SELECT, INSERT, UPDATE", "worker": "SELECT"},
        "OneTimeCode": {
            "voter": "SELECT, INSERT, UPDATE (tries, used_at)",
            "staff": "",
            "worker": "SELECT, DELETE",
        },
    }

    def ready(self) -> None:
        from django.core import checks

        from core.kernel.env import environment
        from plugins.discovery import allowed
        from plugins.host.checks import plugins_check
        from plugins.host.fence import fence_set_up
        from plugins.host.registry import registry_build, registry_set

        fence_set_up()
        registry_set(registry_build(allowed(environment().plugins_allowed)))
        checks.register(plugins_check)
