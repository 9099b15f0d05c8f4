from django.apps import AppConfig


class HostsConfig(AppConfig):
    name = "tenants.office.hosts"
    label = "own_hosts"
    default_auto_field = "django.db.models.BigAutoField"
