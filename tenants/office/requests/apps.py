from django.apps import AppConfig


class RequestsConfig(AppConfig):
    name = "tenants.office.requests"
    label = "space_requests"
    default_auto_field = "django.db.models.BigAutoField"
