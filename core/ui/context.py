"""What every page knows: whose site it is, its language, its one true address and the same page in the other tongue."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language

GAELIC = "/gd/"


def page(request: HttpRequest) -> dict[str, Any]:
    """Context of `ui/base.html`. The canonical address comes from the registry, never from the request's host."""
    site = getattr(request, "commonty_site", None)
    if site is None:
        return {}
    language = get_language() or settings.LANGUAGE_CODE
    path = request.path
    english = "/" + path.removeprefix(GAELIC) if path.startswith(GAELIC) else path
    gaelic = path if path.startswith(GAELIC) else GAELIC.rstrip("/") + path
    scheme = "https" if settings.ENV.env == "production" else "http"
    port = "" if settings.ENV.env == "production" else f":{settings.ENV.port}"
    tenant = site.tenant
    return {
        "tenant": tenant,
        # Staff and files hosts have other addresses, so no link to a public page can be made there.
        "public_pages": site.purpose == "public",
        "tenant_name": tenant.name.get(language),
        "tenant_initials": "".join(word[0] for word in tenant.name.en.split()[:2]).upper(),
        "language": language,
        "canonical": f"{scheme}://{site.named}{port}{path}",
        "english_path": english,
        # Officers' pages have one address, in the language their browser asks for.
        "gaelic_path": gaelic if site.purpose == "public" else "",
        # In a demo nothing is sent: whoever waits for a code reads it there.
        "demo_mail": settings.ENV.origin(f"{tenant.slug}.staff") + "/demo-mail/" if settings.ENV.env == "demo" else "",
        "hub_url": settings.ENV.origin("hub") + ("/gd/" if language == "gd" else "/"),
    }
