"""A page as a resident would see it, shown to an editor before it is published.

Wagtail's own way sends a second request through every middleware; the tenant's door would close behind it. Here the
page is drawn in place: this tenant, nobody signed in, the public host's addresses.
"""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.models import AnonymousUser
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.urls import get_urlconf, set_urlconf
from django.utils import translation
from django.utils.cache import patch_cache_control
from wagtail.models import Site as WagtailSite

from tenants.registry.context import current_tenant
from tenants.registry.hosts import Site, origin
from tenants.registry.middleware import urlconf_of


def _request(original: HttpRequest | None, address: str, site: Site) -> HttpRequest:
    parts = urlsplit(address)
    request = WSGIRequest(
        {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": parts.path,
            "QUERY_STRING": "",
            "SERVER_NAME": site.host,
            "SERVER_PORT": str(parts.port or (443 if parts.scheme == "https" else 80)),
            "HTTP_HOST": parts.netloc,
            "REMOTE_ADDR": original.META.get("REMOTE_ADDR", "") if original else "",
            "wsgi.url_scheme": parts.scheme,
            "wsgi.input": io.BytesIO(),
        }
    )
    request.user = AnonymousUser()
    request.commonty_site = site  # type: ignore[attr-defined]  # what the tenant's middleware would have set
    return request


def preview_answer(page: Any, original: HttpRequest | None, mode: str, extra: dict[str, Any]) -> HttpResponse:
    """The page drawn from what the editor has typed, never kept by a cache and framed by the editor alone."""
    url = page.full_url or origin(WagtailSite.objects.get(is_default_site=True).hostname) + "/"
    site = Site(tenant=current_tenant(), purpose="public", host=urlsplit(url).hostname or "")
    request = _request(original, url, site)
    for name, value in {"is_dummy": True, "is_preview": True, "preview_mode": mode, **extra}.items():
        setattr(request, name, value)
    before = get_urlconf()
    set_urlconf(urlconf_of(site))
    try:
        with translation.override(page.locale.language_code):
            response: HttpResponse = page.serve_preview(request, mode)
            if hasattr(response, "render"):
                response = response.render()
    finally:
        set_urlconf(before)
    patch_cache_control(response, private=True, no_store=True)
    return response
