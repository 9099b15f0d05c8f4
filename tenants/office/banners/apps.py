from django.apps import AppConfig


class BannersConfig(AppConfig):
    name = "tenants.office.banners"
    label = "banners"
    default_auto_field = "django.db.models.BigAutoField"
