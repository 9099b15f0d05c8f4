"""Reads: areas of this tenant, and facts about councils."""

from __future__ import annotations

from core.places.models import Area
from core.places.national import CouncilFacts, councils


def council_facts(slug: str) -> CouncilFacts | None:
    """The council with this address, or None for a tenant that is none of the 32."""
    return next((council for council in councils() if council.slug == slug), None)


def areas() -> list[Area]:
    """The tenant's areas, the whole council first, without their boundaries."""
    return list(Area.objects.defer("boundary").order_by("kind", "name"))


def area_by_code(code: str) -> Area | None:
    return Area.objects.filter(code=code).first()
