from django.apps import AppConfig


class SupportAccessConfig(AppConfig):
    name = "tenants.office.support"
    label = "support_access"
    default_auto_field = "django.db.models.BigAutoField"
