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

from django.conf import settings
from django.contrib.auth.models import Permission
from wagtail.models import Collection, GroupCollectionPermission, GroupPagePermission, Locale, Page, Site
from wagtail.rich_text import RichText
from wagtail.signal_handlers import disable_reference_index_auto_update

from cms.models import HomePage, HowItWorksPage, NewsIndexPage, RoundIndexPage, StandardPage, WordsPage
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
    locales = {code: Locale.objects.get_or_create(language_code=code)[0] for code, _name in settings.LANGUAGES}
    collection = Collection.get_first_root_node() or Collection.add_root(name="Root")
    root = Page.get_first_root_node() or Page.add_root(
        instance=Page(title="Root", slug="root", locale=locales[settings.LANGUAGE_CODE])
    )
    # Starter words refer to no other object, so there is nothing to index.
    with disable_reference_index_auto_update():
        homes = {code: _pages(tenant, root, locale) for code, locale in locales.items()}
    _site(tenant, homes[settings.LANGUAGE_CODE])
    _editors(homes, collection)


def _pages(tenant: TenantRef, root: Page, locale: Locale) -> HomePage:
    """The front page in one language and the pages below it; the duties as drafts, since the service has its own."""
    language = locale.language_code
    words = seed("hub" if tenant.is_hub else "site", language)
    place = tenant.name.get(language)
    home: HomePage | None = HomePage.objects.filter(locale=locale).first()
    if home is None:
        slug = "home" if language == settings.LANGUAGE_CODE else f"home-{language}"
        home = _add(root, HomePage(slug=slug), words["home"], locale, place)
    assert home is not None
    below = set(home.get_children().values_list("slug", flat=True))
    for slug, page in _starters(words):
        if slug not in below:
            _add(home, page, words[slug], locale, place)
    return home


def _starters(words: dict[str, Any]) -> Iterator[tuple[str, WordsPage]]:
    steps = [("step", {"title": title, "text": RichText(text)}) for title, text in words["how-it-works"]["steps"]]
    yield "how-it-works", HowItWorksPage(slug="how-it-works", show_in_menus=True, steps=steps)
    yield "news", NewsIndexPage(slug="news", show_in_menus=True)
    if "rounds" in words:
        yield "rounds", RoundIndexPage(slug="rounds")
    for slug in DUTIES:
        body = [("paragraph", RichText(f"<p>{escape(text)}</p>")) for text in words[slug]["paragraphs"]]
        yield slug, StandardPage(slug=slug, body=body, live=False, has_unpublished_changes=True)


def _add(parent: Page, page: Any, words: dict[str, Any], locale: Locale, place: str) -> Any:
    """A starter page below `parent`, tied to its twin in English, which was made first."""
    page.title = words["title"].format(place=place)
    page.intro = words.get("intro", "").format(place=place)
    page.starter = True
    page.locale = locale
    if locale.language_code != settings.LANGUAGE_CODE:
        twins = type(page).objects.filter(locale__language_code=settings.LANGUAGE_CODE)
        twin = twins.first() if isinstance(page, HomePage) else twins.filter(slug=page.slug).first()
        page.translation_key = twin.translation_key if twin else page.translation_key
    # The parent as the database has it now: adding a child changes its count of children.
    return Page.objects.get(pk=parent.pk).add_child(instance=page)


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
    for permission in Permission.objects.filter(content_type__app_label="wagtailcore", codename__in=EDITOR_PAGE_RIGHTS):
        for home in homes.values():
            GroupPagePermission.objects.get_or_create(group=group, page=home, permission=permission)
    for permission in Permission.objects.filter(
        content_type__app_label__in=("wagtailimages", "wagtaildocs"), codename__in=EDITOR_FILE_RIGHTS
    ):
        GroupCollectionPermission.objects.get_or_create(group=group, collection=collection, permission=permission)
    group.permissions.add(
        *Permission.objects.filter(content_type__app_label="simple_translation", codename="submit_translation")
    )
