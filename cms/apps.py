from django.apps import AppConfig


class CmsConfig(AppConfig):
    name = "cms"
    label = "cms"
    default_auto_field = "django.db.models.BigAutoField"
    # Drafts, and who wrote what when, are nothing for the public site.
    tenant_grants = {
        model: {"voter": ""}
        for model in (
            "wagtailcore.Revision",
            "wagtailcore.PageLogEntry",
            "wagtailcore.ModelLogEntry",
            "wagtailcore.Comment",
            "wagtailcore.CommentReply",
            "wagtailcore.PageSubscription",
            "wagtailcore.UploadedFile",
            "wagtailcore.WorkflowState",
            "wagtailcore.TaskState",
            "wagtailadmin.EditingSession",
            "wagtailadmin.FormState",
            "wagtailusers.UserProfile",
        )
    }
