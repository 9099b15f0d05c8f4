from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    name = "tenants.office.documents"
    label = "published"
    default_auto_field = "django.db.models.BigAutoField"
