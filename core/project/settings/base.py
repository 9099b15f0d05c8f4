"""What every environment shares. Values that differ come from core.kernel.env; nothing else reads the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from core.kernel.env import environment
from plugins.discovery import allowed_apps

ENV = environment()
ROOT = Path(__file__).resolve().parents[3]

SECRET_KEY = ENV.secret_key
SECRET_KEY_FALLBACKS = list(ENV.secret_key_fallbacks)
DEBUG = False
# The tenant middleware answers every host that is not in the registry before Django looks at one.
ALLOWED_HOSTS = ["*"]
USE_X_FORWARDED_HOST = False

SHARED_APPS = [
    "django_tenants",
    "tenants.registry",
    "core.people.sso",
    "tenants.office",
    "tenants.office.delegation",
    "tenants.office.documents",
    "tenants.office.banners",
    "tenants.office.requests",
    "tenants.office.modules",
    "tenants.office.support",
    "tenants.office.hosts",
]
TENANT_APPS = [
    "core.ui",
    "core.web",
    "core.audit",
    "plugins.host",
    "core.people",
    "core.places",
    "core.rounds",
    "core.rounds.delegation",
    "core.proposals",
    "core.voting",
    "core.evaluation",
    "core.notices",
    "core.setup",
    "core.support",
    "cms",
    "wagtail.sites",
    "wagtail.users",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.admin",
    "wagtail.search",
    "wagtail.contrib.simple_translation",
    "wagtail",
    "modelcluster",
    "taggit",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    *allowed_apps(ENV.plugins_allowed),
]
# The composition root comes last, so that every port exists when it binds them; it has no models.
INSTALLED_APPS = [*SHARED_APPS, *TENANT_APPS, "core.project"]

TENANT_MODEL = "registry.Tenant"
TENANT_DOMAIN_MODEL = "registry.Domain"
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]


def database(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    return {
        "ENGINE": "tenants.registry.backend",
        "NAME": parts.path.lstrip("/") or "commonty",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "OPTIONS": {"connect_timeout": 5},
    }


DATABASES = {"default": database(ENV.database_url)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "people.Person"
AUTHENTICATION_BACKENDS = ["core.people.backends.GrantBackend"]
SESSION_ENGINE = "core.people.sessions"
# Not in a cookie: its name could be set for a parent domain by another tenant's site.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

MIDDLEWARE = [
    "core.people.sso.sector.SectorMiddleware",
    "tenants.registry.middleware.TenantMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "core.ui.csp.ContentSecurityPolicy",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "core.web.signed_in.SignedInMiddleware",
    "core.people.middleware.PersonMiddleware",
    "core.support.middleware.SupportMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "core.web.errors.ErrorMiddleware",
]
ROOT_URLCONF = "core.project.urls_public"
WSGI_APPLICATION = "core.project.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "core.ui.context.page",
                "core.support.context.above",
                "cms.context.menus",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("gd", "Gàidhlig")]
WAGTAIL_CONTENT_LANGUAGES = LANGUAGES
WAGTAIL_I18N_ENABLED = True
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Europe/London"
LOCALE_PATHS = [ROOT / "core" / "locale"]

STATIC_URL = "/static/"
STATIC_ROOT = ENV.var_dir / "static"
STATICFILES_DIRS = [ROOT / "core" / "ui" / "assets"]
MEDIA_ROOT = ENV.var_dir / "media"
STORAGES = {
    "default": {"BACKEND": "tenants.registry.storage.TenantStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024 * 1024

# Every alias carries the tenant in its keys and refuses to work without one.
CACHES = {
    alias: {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": ENV.redis_url,
        "KEY_FUNCTION": "tenants.registry.cache.make_key",
        "REVERSE_KEY_FUNCTION": "tenants.registry.cache.reverse_key",
    }
    for alias in ("default", "renditions")
}

EMAIL_BACKEND = "core.notices.mail.FileBackend"
# Where the channel `file` puts messages: into the demo's letter box. Production names no such folder.
MESSAGE_FILES: Path | None = ENV.var_dir / "mail"
DEFAULT_FROM_EMAIL = f"Community Choices <no-reply@{ENV.base_domain}>"

# Cookies are host-only. In the demo every site shares one loopback address, so the name carries the port.
_SUFFIX = f"-{ENV.port}"
SESSION_COOKIE_NAME = "session" + _SUFFIX
CSRF_COOKIE_NAME = "csrf" + _SUFFIX
LANGUAGE_COOKIE_NAME = "language" + _SUFFIX
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 8 * 60 * 60
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "SAMEORIGIN"
CSRF_FAILURE_VIEW = "core.web.errors.csrf_failure"

WAGTAIL_SITE_NAME = "Commonty"
WAGTAILADMIN_BASE_URL = ENV.origin("hub.staff")
WAGTAIL_ENABLE_UPDATE_CHECK = False
WAGTAIL_ENABLE_WHATS_NEW_BANNER = False
WAGTAIL_GRAVATAR_PROVIDER_URL = None
WAGTAILADMIN_COMMENTS_ENABLED = False
WAGTAIL_PASSWORD_MANAGEMENT_ENABLED = False
WAGTAIL_PASSWORD_RESET_ENABLED = False
WAGTAIL_EMAIL_MANAGEMENT_ENABLED = False
WAGTAILADMIN_LOGIN_URL = "/sign-in/"
WAGTAIL_FRONTEND_LOGIN_URL = "/sign-in/"
# Pages, pictures and documents are for everybody or not there (cms.models says so for each kind of page).
WAGTAIL_PRIVATE_PAGE_OPTIONS = {"SHARED_PASSWORD": False}
WAGTAILDOCS_PRIVATE_COLLECTION_OPTIONS = {"SHARED_PASSWORD": False}
WAGTAILIMAGES_EXTENSIONS = ["jpg", "jpeg", "png", "webp"]
WAGTAILIMAGES_IMAGE_FORM_BASE = "cms.uploads.PictureForm"
WAGTAILIMAGES_MAX_UPLOAD_SIZE = 5 * 1024 * 1024
WAGTAILIMAGES_MAX_IMAGE_PIXELS = 50_000_000
# Documents have the files host's address, where they are given to be kept and never shown in the site's name.
WAGTAILDOCS_EXTENSIONS = ["pdf"]
WAGTAILDOCS_SERVE_METHOD = "direct"
# Wagtail's background tasks carry no tenant (security.md T40); only the immediate backend is safe.
TASKS = {"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}}
LOGIN_URL = "/sign-in/"

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"context": {"()": "core.kernel.telemetry.ContextFilter"}},
    "formatters": {
        "plain": {
            "format": "%(asctime)s %(levelname)s %(name)s "
            "tenant=%(tenant)s round=%(round)s request=%(request)s %(message)s"
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain", "filters": ["context"]}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}
SILENCED_SYSTEM_CHECKS = ["django_tenants.W003"]
