"""What stands above every page: words from the national team, and on staff hosts that somebody from support is in."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from core.people.models import Person
from core.support.services import grants_open
from tenants.office.banners.services import banners_for


def above(request: HttpRequest) -> dict[str, Any]:
    """Context of `ui/base.html`: lists that are empty on most days."""
    site = getattr(request, "commonty_site", None)
    if site is None:
        return {}
    signed_in = site.purpose == "staff" and isinstance(getattr(request, "user", None), Person)
    return {
        "national_banners": banners_for(site.tenant.uuid),
        "support_open": grants_open() if signed_in else [],
    }
