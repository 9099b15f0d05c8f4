"""From a Host header to a tenant. The one place that decides, for the site and for the ballot entry alike."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest

from core.kernel.env import environment
from tenants.registry.context import TenantRef, in_public
from tenants.registry.models import Domain
from tenants.registry.selectors import SERVED

# The look-up was 43 % of a request; a suspended tenant must be gone within this many seconds.
KEPT_SECONDS = 30.0
KEPT_MOST = 4096
HOST = re.compile(
    r"^(?=.{1,253}(?::|$))[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*(?::([0-9]{1,5}))?$"
)


@dataclass(frozen=True, slots=True)
class Site:
    """What a host serves: a tenant and the purpose of the host (public, staff, files).

    A tenant may be reached at several hosts; `canonical` is the one that links name, empty where `host` is it.
    """

    tenant: TenantRef
    purpose: str
    host: str
    canonical: str = ""

    @property
    def named(self) -> str:
        return self.canonical or self.host


_kept: dict[str, tuple[float, Site | None]] = {}


def host_name(header: str | None) -> str | None:
    """The bare name of a Host header in lower case, or None where the header is not one plain host.

    A trailing dot, a list, user information, spaces or a foreign port make it None: such a header is not repaired.
    """
    if not header:
        return None
    lowered = header.lower()
    match = HOST.match(lowered)
    if match is None:
        return None
    return lowered.split(":", 1)[0]


def site_for(header: str | None) -> Site | None:
    """The site behind a Host header, or None: unknown, malformed, or no longer served.

    Raises OperationalError or InterfaceError when the database is away and the host was never asked for here.
    """
    name = host_name(header)
    if name is None:
        return None
    now = time.monotonic()
    kept = _kept.get(name)
    if kept is not None and kept[0] > now:
        return kept[1]
    try:
        with in_public():
            row = Domain.objects.select_related("tenant").filter(domain=name, tenant__state__in=SERVED).first()
            if row is not None and not _served_here(row.purpose):
                row = None
            canonical = name if row is None or row.is_primary else _canonical(row)
    except (OperationalError, InterfaceError):
        # The database is away: the page that says so can still be in the look of the site it was.
        if kept is not None:
            return kept[1]
        raise
    site = Site(tenant=row.tenant.ref, purpose=row.purpose, host=name, canonical=canonical) if row else None
    if site is not None:
        # Unknown names are not kept: whoever asks for many of them must not fill our memory.
        if len(_kept) >= KEPT_MOST:
            _kept.clear()
        _kept[name] = (now + KEPT_SECONDS, site)
    return site


def _served_here(purpose: str) -> bool:
    """Whether this process answers such hosts (`commonty serve --public|--staff`); residents' files are public."""
    which = environment().serve
    return which == "all" or (purpose == "staff") == (which == "staff")


def _canonical(row: Domain) -> str:
    found = Domain.objects.filter(tenant_id=row.tenant_id, purpose=row.purpose, is_primary=True).first()
    return str(found.domain) if found else ""


def site_of(request: HttpRequest) -> Site:
    """The site the middleware has chosen for a request."""
    chosen: Site = request.commonty_site  # type: ignore[attr-defined]  # set by TenantMiddleware, outermost
    return chosen


def forget() -> None:
    """Drop what is kept, after a change that must be seen at once in this process."""
    _kept.clear()


def origin(host: str) -> str:
    """The canonical address of a host, never taken from a request: `https://…` or the demo's with its port."""
    settings = environment()
    if settings.env == "production":
        return f"https://{host}"
    return f"http://{host}:{settings.port}"
