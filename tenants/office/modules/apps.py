from django.apps import AppConfig


class ModulesConfig(AppConfig):
    name = "tenants.office.modules"
    label = "office_modules"
    default_auto_field = "django.db.models.BigAutoField"
