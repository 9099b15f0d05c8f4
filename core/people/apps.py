from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "core.people"
    label = "people"
    default_auto_field = "django.db.models.BigAutoField"
    # A resident signs in on the public host, so the voter's role may make a person and keep a session; it may not
    # give anybody a role.
    tenant_grants = {
        "Person": {"voter": "SELECT, INSERT, UPDATE (last_login, display_name, language)"},
        "PersonAlias": {"voter": "SELECT, INSERT, UPDATE (person_id), DELETE", "staff": "SELECT"},
        "RoleGrant": {"voter": "SELECT"},
        "GroupRole": {"voter": ""},
        "RoleProposal": {"voter": ""},
        "Session": {"voter": "SELECT, INSERT, UPDATE, DELETE"},
        "SignIn": {"voter": "SELECT, INSERT, UPDATE (renewal), DELETE"},
        # Whoever asks for their file may ask and take; what is in it a worker puts there.
        "PersonalFile": {
            "voter": "SELECT, INSERT, UPDATE (held, taken_at), DELETE",
            "staff": "SELECT, INSERT, UPDATE (held, taken_at), DELETE",
        },
        "Farewell": {
            "voter": "SELECT (id, tenant, asked_at), INSERT",
            "staff": "SELECT (id, tenant, asked_at), INSERT",
        },
        # Only a worker reads it, and nobody can exchange it.
        "SubjectSalt": {"voter": "", "staff": "", "worker": "SELECT, INSERT"},
    }
