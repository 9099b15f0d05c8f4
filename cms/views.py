"""The last address of a public host: whatever no other page answers is asked of the tenant's own pages."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import get_language
from wagtail import views as wagtail_views

from cms import selectors
from cms.models import home_facts
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


@access(ANYONE)
def front(request: HttpRequest) -> HttpResponseBase:
    """The front page; while none is published, what the service knows still stands there."""
    try:
        answer: HttpResponseBase = page(request)
    except Http404:
        return render(request, "cms/home_page.html", {**home_facts(), "words_language": get_language()})
    return answer
