"""Content security: what a page may load, decided by its host.

Public pages load from their own host only and run nothing inline. Wagtail's editor needs inline scripts and styles;
it lives on the staff host alone.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

PUBLIC = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: {files}; font-src 'self';"
    " connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
EDITOR = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data: blob: {files}; object-src 'none'; base-uri 'self';"
    " form-action 'self'; frame-ancestors 'self'"
)
EDITOR_PATHS = ("/cms/", "/documents/")
LEADS = "_forms_lead_to"


def forms_lead_to(response: HttpResponseBase, origin: str) -> None:
    """Let the forms of this one page lead to another origin, such as the sign-in service, and to our own host."""
    setattr(response, LEADS, origin)


class ContentSecurityPolicy:
    """Adds the policy to every answer that has none of its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if "Content-Security-Policy" not in response:
            # The files host is the service's own name for the tenant, also where the page's host is the tenant's own.
            site = getattr(request, "commonty_site", None)
            port = "" if settings.ENV.env == "production" else f":{settings.ENV.port}"
            files = f"{request.scheme}://{site.tenant.slug}.files.{settings.ENV.base_domain}{port}" if site else ""
            policy = EDITOR if request.path.startswith(EDITOR_PATHS) else PUBLIC
            leads = getattr(response, LEADS, "")
            if leads:
                policy = policy.replace("form-action 'self'", f"form-action 'self' {leads}")
            response["Content-Security-Policy"] = policy.format(files=files)
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        return response
