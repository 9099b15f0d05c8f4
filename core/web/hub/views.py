"""The national site: what Community Choices is, the 32 councils, rounds across Scotland, and the one per cent."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from cms.views import front
from core.people.access import ANYONE, access
from core.places.national import CouncilFacts, council_boundaries, councils, settlements
from core.web.hub.rounds import national_rounds
from tenants.office.moving import moved_origins
from tenants.registry.hosts import origin
from tenants.registry.selectors import public_hosts


def _addressed() -> list[tuple[CouncilFacts, str]]:
    """Each council with the address of its site in the reader's language, in any cell; empty while it has none."""
    at = {slug: origin(host) for slug, host in public_hosts().items()} | moved_origins()
    path = "/gd/" if get_language() == "gd" else "/"
    return [(council, at[council.slug] + path if at.get(council.slug) else "") for council in councils()]


class NationalHome:
    """What stands below the editors' words: rounds, and the councils as a map and as a list."""

    template = "hub/home.html"

    def facts(self) -> dict[str, Any]:
        return {"councils": _addressed(), **national_rounds()}


@require_safe
@access(ANYONE)
def home(request: HttpRequest) -> HttpResponseBase:
    return front(request)


@require_safe
@access(ANYONE)
def one_percent(request: HttpRequest) -> HttpResponse:
    known = settlements()
    rows = [(council, known.get(council.code)) for council in councils()]
    return render(request, "hub/one_percent.html", {"rows": rows})


@require_safe
@access(ANYONE)
def councils_geojson(request: HttpRequest) -> HttpResponse:
    """Boundaries of the councils with their names and addresses, for the map beside the list."""
    shapes = council_boundaries()
    language = get_language() or "en"
    features = [
        {
            "type": "Feature",
            "properties": {"name": council.name.get(language), "url": address},
            "geometry": shapes[council.code],
        }
        for council, address in _addressed()
    ]
    response = HttpResponse(
        json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False),
        content_type="application/geo+json; charset=utf-8",
    )
    response["Cache-Control"] = "public, max-age=3600"
    return response
