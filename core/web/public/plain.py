"""Small files every public host gives out: the tenant's colour, and where to report a weakness."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse

from core.kernel.clock import SystemClock
from core.kernel.env import environment
from core.people.access import ANYONE, access
from tenants.registry.context import current_tenant
from tenants.registry.hosts import origin, site_of

DEFAULT_ACCENT = "#0065bd"


@access(ANYONE)
def theme(request: HttpRequest) -> HttpResponse:
    """The tenant's one colour as a style sheet: pages carry no inline style."""
    accent = current_tenant().accent or DEFAULT_ACCENT
    response = HttpResponse(f":root{{--tenant-accent:{accent}}}\n", content_type="text/css; charset=utf-8")
    response["Cache-Control"] = "public, max-age=300"
    return response


@access(ANYONE)
def security_txt(request: HttpRequest) -> HttpResponse:
    """RFC 9116."""
    site = site_of(request)
    expires = (SystemClock().now() + timedelta(days=180)).strftime("%Y-%m-%dT00:00:00Z")
    lines = [
        f"Contact: mailto:security@{environment().base_domain}",
        f"Expires: {expires}",
        "Preferred-Languages: en, gd",
        f"Canonical: {origin(site.host)}/.well-known/security.txt",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
