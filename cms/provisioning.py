"""The step that gives a new tenant its website: languages, pages with starter words, one site row, one editors' group.

Cloning copies structure only, so nothing that Wagtail's own migrations write exists here: it is made anew, with this
tenant's host and words.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from wagtail.models import Collection, GroupCollectionPermission, GroupPagePermission, Locale, Page, Site
from wagtail.rich_text import RichText

from cms.models import HOME_DEPTH, HomePage, HowItWorksPage, NewsIndexPage, RoundIndexPage, StandardPage, WordsPage
from cms.planting import plant
from core.kernel.env import environment
from core.people.services import editors_group
from tenants.registry.context import TenantRef
from tenants.registry.hosts import origin

SEEDS = Path(__file__).parent / "seeds"
EDITOR_PAGE_RIGHTS = ("add_page", "change_page", "publish_page", "bulk_delete_page")
DUTIES = ("accessibility", "privacy", "complaints")
EDITOR_FILE_RIGHTS = tuple(f"{verb}_{what}" for verb in ("add", "change", "choose") for what in ("image", "document"))


def seed(kind: str, language: str) -> dict[str, Any]:
    """The starter words for this kind of site in this language."""
    return tomllib.loads((SEEDS / f"{kind}.{language}.toml").read_text(encoding="utf-8"))


def pages_step(tenant: TenantRef) -> None:
    """Whatever of the website is not there yet. Safe to run again: nothing an editor has changed is touched."""
    locales = _locales()
    collection = Collection.get_first_root_node() or Collection.add_root(name="Root")
    homes = _pages(tenant, locales)
    _site(tenant, homes[settings.LANGUAGE_CODE])
    _editors(homes, collection)


def _locales() -> dict[str, Locale]:
    """One for each language of the service, English first."""
    known = {locale.language_code: locale for locale in Locale.objects.all()}
    codes = [code for code, _name in settings.LANGUAGES]
    made = Locale.objects.bulk_create([Locale(language_code=code) for code in codes if code not in known])
    known |= {locale.language_code: locale for locale in made}
    return {code: known[code] for code in codes}


def _pages(tenant: TenantRef, locales: dict[str, Locale]) -> dict[str, HomePage]:
    """The front pages and the pages below them; the duties as drafts, since the service has its own."""
    # A page asks for its kind when it is made: all of them in one question.
    ContentType.objects.get_for_models(Page, HomePage, HowItWorksPage, NewsIndexPage, RoundIndexPage, StandardPage)
    wanted: list[tuple[Page, Page | None]] = []
    root = Page.get_first_root_node()
    if root is None:
        root = Page(title="Root", slug="root", locale=locales[settings.LANGUAGE_CODE])
        wanted.append((root, None))
    homes = {home.locale_id: home for home in HomePage.objects.order_by("-path")}
    below = list(Page.objects.filter(depth=HOME_DEPTH + 1)) if homes else []
    twins: dict[tuple[str, int], UUID] = {}
    for code, locale in locales.items():
        words = seed("hub" if tenant.is_hub else "site", code)
        place = tenant.name.get(code)
        home = homes.get(locale.id)
        there: set[str] = set()
        if home is None:
            slug = "home" if code == settings.LANGUAGE_CODE else f"home-{code}"
            home = homes[locale.id] = _starter(HomePage(slug=slug), words["home"], locale, place, twins)
            wanted.append((home, root))
        else:
            _remember(twins, home, "home")
            for page in below:
                if page.path.startswith(home.path):
                    there.add(page.slug)
                    _remember(twins, page, page.slug)
        for slug, page in _starters(words):
            if slug not in there:
                wanted.append((_starter(page, words[slug], locale, place, twins), home))
    plant(wanted)
    return {code: homes[locale.id] for code, locale in locales.items()}


def _starters(words: dict[str, Any]) -> Iterator[tuple[str, WordsPage]]:
    steps = [("step", {"title": title, "text": RichText(text)}) for title, text in words["how-it-works"]["steps"]]
    yield "how-it-works", HowItWorksPage(slug="how-it-works", show_in_menus=True, steps=steps)
    yield "news", NewsIndexPage(slug="news", show_in_menus=True)
    if "rounds" in words:
        yield "rounds", RoundIndexPage(slug="rounds")
    for slug in DUTIES:
        body = [("paragraph", RichText(f"<p>{escape(text)}</p>")) for text in words[slug]["paragraphs"]]
        yield slug, StandardPage(slug=slug, body=body, live=False, has_unpublished_changes=True)


def _starter(page: Any, words: dict[str, Any], locale: Locale, place: str, twins: dict[tuple[str, int], UUID]) -> Any:
    """A starter page with its words, tied to its twin in the language that came before."""
    page.title = words["title"].format(place=place)
    page.intro = words.get("intro", "").format(place=place)
    page.starter = True
    page.locale = locale
    name = "home" if isinstance(page, HomePage) else page.slug
    page.translation_key = twins.get((name, page.content_type_id), page.translation_key)
    _remember(twins, page, name)
    return page


def _remember(twins: dict[tuple[str, int], UUID], page: Page, name: str) -> None:
    """The first page of a name and kind is the one that others translate."""
    twins.setdefault((name, page.content_type_id), page.translation_key)


def _site(tenant: TenantRef, home: HomePage) -> None:
    """One site, named by the registry's canonical host and never by an editor."""
    settings_now = environment()
    address = urlsplit(origin(f"{tenant.slug}.{settings_now.base_domain}"))
    Site.objects.update_or_create(
        is_default_site=True,
        defaults={
            "hostname": address.hostname,
            "port": address.port or 443,
            "site_name": tenant.name.en,
            "root_page": home,
        },
    )


def _editors(homes: dict[str, HomePage], collection: Collection) -> None:
    """Editors may write and publish below the front pages and use files; they may not touch the site itself."""
    group = editors_group()
    page_rights = Permission.objects.filter(content_type__app_label="wagtailcore", codename__in=EDITOR_PAGE_RIGHTS)
    GroupPagePermission.objects.bulk_create(
        [
            GroupPagePermission(group=group, page=home, permission=permission)
            for permission in page_rights
            for home in homes.values()
        ],
        ignore_conflicts=True,
    )
    file_rights = Permission.objects.filter(
        content_type__app_label__in=("wagtailimages", "wagtaildocs"), codename__in=EDITOR_FILE_RIGHTS
    )
    GroupCollectionPermission.objects.bulk_create(
        [
            GroupCollectionPermission(group=group, collection=collection, permission=permission)
            for permission in file_rights
        ],
        ignore_conflicts=True,
    )
    group.permissions.add(
        *Permission.objects.filter(content_type__app_label="simple_translation", codename="submit_translation")
    )
