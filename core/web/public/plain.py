"""Small files that hosts give out: the tenant's colour, what machines may read, where to report a weakness."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse

from core.kernel.clock import SystemClock
from core.kernel.env import environment
from core.people.access import ANYONE, access
from tenants.registry.context import current_tenant
from tenants.registry.hosts import origin, site_of

DEFAULT_ACCENT = "#0065bd"
PERSONAL = ("/account/", "/sign-in/", "/rounds/*/vote/", "/rounds/*/receipts/")


@access(ANYONE)
def theme(request: HttpRequest) -> HttpResponse:
    """The tenant's one colour as a style sheet: pages carry no inline style, and name the colour in its address."""
    accent = current_tenant().accent or DEFAULT_ACCENT
    response = HttpResponse(f":root{{--tenant-accent:{accent}}}\n", content_type="text/css; charset=utf-8")
    response["Cache-Control"] = "public, max-age=86400"
    return response


@access(ANYONE)
def robots(request: HttpRequest) -> HttpResponse:
    """What search engines may read: a public site but for what is somebody's own; nothing of officers."""
    public = site_of(request).purpose == "public"
    shut = [prefix + path for prefix in ("", "/gd") for path in PERSONAL] if public else ["/"]
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in shut)]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


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
