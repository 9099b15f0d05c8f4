from django.apps import AppConfig


class SignInConfig(AppConfig):
    name = "core.people.sso"
    label = "sso"
    default_auto_field = "django.db.models.BigAutoField"
