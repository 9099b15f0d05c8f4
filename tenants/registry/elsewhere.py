"""Where a host that is not served here has gone: whoever asks is led on.

The office knows which tenant has moved to another cell; `project` binds its answer, as the registry knows no office.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from core.ui.neutral import unavailable
from tenants.registry.hosts import host_name

Find = Callable[[str], str]
"""From a bare host name to the origin at which it is served now; empty where it is known to nobody."""

_bound: list[Find] = []


def bind_elsewhere(find: Find) -> None:
    """Called once by `project`."""
    _bound[:] = [find]


def led_on(request: HttpRequest) -> HttpResponse | None:
    """The answer that sends a browser to the same page at the tenant's new place; None for an unknown host.

    What was posted is not sent along (303): it would be read by a host it was not meant for. Where the new place has
    the same host, only the name service has not followed yet, and the page asks for patience.
    """
    name = host_name(request.META.get("HTTP_HOST"))
    to = _bound[0](name) if name and _bound else ""
    if not to:
        return None
    if host_name(to.partition("://")[2]) == name:
        return unavailable(request.path)
    status = 302 if request.method in ("GET", "HEAD") else 303
    return HttpResponse(status=status, headers={"Location": to + request.get_full_path(), "Cache-Control": "no-store"})
