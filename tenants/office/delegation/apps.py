from django.apps import AppConfig


class DelegationConfig(AppConfig):
    name = "tenants.office.delegation"
    label = "delegation"
    default_auto_field = "django.db.models.BigAutoField"
