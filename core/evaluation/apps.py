from django.apps import AppConfig


class EvaluationConfig(AppConfig):
    name = "core.evaluation"
    label = "evaluation"
    default_auto_field = "django.db.models.BigAutoField"
    # The public site reads what is asked and, once a sheet is closed, how often each answer was given. It hands answers
    # in and cannot read one back; free words and whoever wrote them are for staff alone.
    tenant_grants = {
        "Sheet": {
            "voter": "SELECT (tenant, id, round_id, module, instrument, audience, moment, settings, form, state,"
            " counts, agreed)"
        },
        "Response": {"voter": "INSERT"},
    }
