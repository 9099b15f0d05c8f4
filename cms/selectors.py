"""Reads of pages: which page answers an address in which language, and what stands in the menus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.http import Http404, HttpRequest
from wagtail.models import Page, Site

from cms.models import HOME_DEPTH, HomePage


@dataclass(frozen=True, slots=True)
class Route:
    """The page that answers, as Wagtail's own view expects it, and the language its words are in."""

    result: Any
    language: str


@dataclass(frozen=True, slots=True)
class MenuItem:
    """A page in the menu or at the foot; `language` differs from the reader's where there is no translation yet."""

    title: str
    address: str
    language: str
    footer: bool


def home_page(language: str) -> HomePage | None:
    """The published front page in this language, else in English, else None."""
    found = {page.locale.language_code: page for page in HomePage.objects.live().select_related("locale")}
    return found.get(language) or found.get(settings.LANGUAGE_CODE)


def site_row() -> Site | None:
    """The tenant's one site. Never chosen by the request's host: the tenant already was."""
    return Site.objects.select_related("root_page").filter(is_default_site=True).first()


def route(request: HttpRequest, path: str, language: str) -> Route | None:
    """The page at this address in this language, else the English one; None where there is neither.

    A translation keeps the English address, so the same path is asked of both trees.
    """
    components = [part for part in path.split("/") if part]
    homes = {page.locale.language_code: page for page in HomePage.objects.live().select_related("locale")}
    for code in dict.fromkeys((language, settings.LANGUAGE_CODE)):
        home = homes.get(code)
        if home is None:
            continue
        try:
            result = home.route(request, components)
        except Http404:
            continue
        return Route(result=result, language=str(getattr(result.page, "words_language", code)))
    return None


def menu(language: str) -> list[MenuItem]:
    """Pages of the first level that an editor has put into the menu or at the foot, in the editor's order."""
    chosen = (
        Page.objects.filter(depth=HOME_DEPTH + 1, live=True)
        .filter(Q(show_in_menus=True) | Q(standardpage__in_footer=True))
        .select_related("locale", "alias_of__locale", "standardpage")
        .order_by("path")
    )
    found: dict[Any, Page] = {}
    for page in chosen:
        if page.locale.language_code == language or page.translation_key not in found:
            found[page.translation_key] = page
    prefix = "" if language == settings.LANGUAGE_CODE else f"/{language}"
    return [
        MenuItem(
            title=page.title,
            address=f"{prefix}/{page.slug}/",
            language=(page.alias_of or page).locale.language_code,
            footer=not page.show_in_menus,
        )
        for page in found.values()
        if page.locale.language_code in (language, settings.LANGUAGE_CODE)
    ]
