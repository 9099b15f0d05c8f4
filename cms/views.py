"""The last address of a public host: whatever no other page answers is asked of the tenant's own pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import get_language
from wagtail import views as wagtail_views

from cms import selectors
from cms.models import home_kind
from cms.ports import surroundings_of
from core.people.access import ANYONE, access


@access(ANYONE)
def page(request: HttpRequest, path: str = "") -> HttpResponseBase:
    """The published page at this address. Without a Gaelic one the English page, marked as such. Else not found."""
    language = get_language() or "en"
    site = selectors.site_row()
    found = selectors.route(request, path, language) if site else None
    if found is None:
        raise Http404
    # Wagtail would look the site up by the host header, which it does not check.
    request._wagtail_site = site  # type: ignore[attr-defined]
    request._wagtail_route_for_request = found.result  # type: ignore[attr-defined]
    answer: HttpResponseBase = wagtail_views.serve(request, path)
    return answer


def words_or(
    request: HttpRequest, path: str, template: str, facts: Callable[[], dict[str, Any]] = dict
) -> HttpResponseBase:
    """The editors' page at an address that the service promises; while none is published, the service's own page."""
    try:
        return page(request, path)
    except Http404:
        return render(request, template, {**facts(), "words_language": get_language()})


def front(request: HttpRequest) -> HttpResponseBase:
    """The front page."""
    around = surroundings_of(home_kind())
    return words_or(request, "", around.template, around.facts)


def round_index(request: HttpRequest) -> HttpResponseBase:
    """The list of rounds, below the editors' words."""
    around = surroundings_of("rounds")
    return words_or(request, "rounds/", around.template, around.facts)
