"""The national site: what Community Choices is, the 32 councils, and the one per cent."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core.people.access import ANYONE, access
from core.places.national import council_boundaries, councils, settlements
from tenants.registry.hosts import origin
from tenants.registry.selectors import public_hosts


@access(ANYONE)
def home(request: HttpRequest) -> HttpResponse:
    hosts = public_hosts()
    listed = [(council, origin(hosts[council.slug]) if council.slug in hosts else "") for council in councils()]
    return render(request, "hub/home.html", {"councils": listed})


@access(ANYONE)
def one_percent(request: HttpRequest) -> HttpResponse:
    known = settlements()
    rows = [(council, known.get(council.code)) for council in councils()]
    return render(request, "hub/one_percent.html", {"rows": rows})


@access(ANYONE)
def councils_geojson(request: HttpRequest) -> HttpResponse:
    """Boundaries of the councils with their names and addresses, for the map beside the list."""
    hosts = public_hosts()
    shapes = council_boundaries()
    features = [
        {
            "type": "Feature",
            "properties": {
                "name": council.name.en,
                "url": origin(hosts[council.slug]) if council.slug in hosts else "",
            },
            "geometry": shapes[council.code],
        }
        for council in councils()
    ]
    response = HttpResponse(
        json.dumps({"type": "FeatureCollection", "features": features}), content_type="application/geo+json"
    )
    response["Cache-Control"] = "public, max-age=3600"
    return response
