"""Pages every tenant has: home, places, earlier rounds, and the duties."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from cms.views import front, words_or
from core.people.access import ANYONE, access
from core.places import selectors
from core.places.national import past_awards
from core.places.national import past_rounds as known_rounds
from core.setup.selectors import adopted, answers
from tenants.registry.context import current_tenant


@access(ANYONE)
def home(request: HttpRequest) -> HttpResponseBase:
    """The editors' front page, with the rounds and facts of the place."""
    return front(request)


@access(ANYONE)
def places(request: HttpRequest) -> HttpResponse:
    found = selectors.areas()
    return render(request, "public/places.html", {"wards": [area for area in found if area.kind == area.Kind.WARD]})


@access(ANYONE)
def past_rounds(request: HttpRequest) -> HttpResponse:
    tenant = current_tenant()
    rounds = [item for item in known_rounds() if item.council_slug == tenant.slug]
    awards = [item for item in past_awards() if item.council_slug == tenant.slug]
    return render(request, "public/past_rounds.html", {"rounds": rounds, "awards": awards})


@access(ANYONE)
def accessibility(request: HttpRequest) -> HttpResponseBase:
    return words_or(request, "accessibility/", "public/accessibility.html")


@access(ANYONE)
def privacy(request: HttpRequest) -> HttpResponseBase:
    return words_or(request, "privacy/", "public/privacy.html")


@access(ANYONE)
def complaints(request: HttpRequest) -> HttpResponseBase:
    return words_or(request, "complaints/", "public/complaints.html")


@access(ANYONE)
def how_we_work(request: HttpRequest) -> HttpResponse:
    """How to reach the people behind the site, and the policies it has adopted, with what differs here."""
    return render(
        request,
        "public/how_we_work.html",
        {"contacts": answers("contacts"), "policies": [one for one in adopted() if one.version]},
    )


@access(ANYONE)
def sign_in_help(request: HttpRequest) -> HttpResponse:
    """For whoever cannot sign in: what works without an account, and who helps."""
    return render(request, "public/sign_in_help.html", {"contacts": answers("contacts")})


@access(ANYONE)
def how_kept(request: HttpRequest) -> HttpResponse:
    """What is promised about a vote, and what is not."""
    return render(request, "public/how_kept.html")
