"""The kinds of pages a council or group can have. Words and pictures only: rounds and votes are not kept here."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms import WagtailAdminPageForm
from wagtail.admin.panels import FieldPanel
from wagtail.fields import StreamField
from wagtail.models import Page, Site

from cms.blocks import BODY, STEPS
from cms.preview import preview_answer
from core.places import selectors as places
from core.places.national import past_rounds
from core.rounds import selectors as rounds
from tenants.registry.context import current_tenant
from tenants.registry.hosts import origin

# First words of addresses that the service itself answers: a page there would never be seen.
TAKEN = frozenset(
    {
        *("rounds", "places", "past-rounds", "account", "sign-in", "sign-out", "how-your-vote-is-kept"),
        *("accessibility", "privacy", "complaints", "api", "static", "gd", "cms", "documents", "one-percent"),
        *("staff", "files", "healthz", "metrics", "media"),
    }
)
HOME_DEPTH = 2
NEWS_ON_A_PAGE = 20


class WordsForm(WagtailAdminPageForm):  # type: ignore[misc]  # Wagtail publishes no types
    """Whoever saves a page in the editor has made its words their own."""

    def save(self, commit: bool = True) -> Any:
        self.instance.starter = False
        return super().save(commit=commit)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        top = self.parent_page is not None and self.parent_page.depth == HOME_DEPTH
        if top and cleaned.get("slug") in TAKEN:
            self.add_error("slug", ValidationError(_("The service itself answers at this address. Choose another.")))
        return cleaned


class WordsPage(Page):  # type: ignore[misc]
    """What all our pages share."""

    starter = models.BooleanField(default=False, editable=False, help_text="words that came with the service")
    intro = models.TextField(_("introduction"), blank=True, max_length=600)
    body = StreamField(BODY, blank=True, verbose_name=_("content"))

    base_form_class = WordsForm
    content_panels: ClassVar[list[Any]] = [*Page.content_panels, FieldPanel("intro"), FieldPanel("body")]
    show_in_menus_default = False

    class Meta:
        abstract = True

    @property
    def words_language(self) -> str:
        """The language its words are in; a page that only mirrors another has the other's."""
        source = self.alias_of if self.alias_of_id else self
        return str(source.locale.language_code)

    def get_url_parts(self, request: HttpRequest | None = None) -> tuple[int, str, str] | None:
        """The page's one address, on the canonical public host, from wherever it is asked."""
        for root in Site.get_site_root_paths():
            if self.url_path.startswith(root.root_path):
                prefix = "" if root.language_code == settings.LANGUAGE_CODE else f"/{root.language_code}"
                host = urlsplit(root.root_url).hostname or ""
                return root.site_id, origin(host), f"{prefix}/{self.url_path[len(root.root_path) :]}"
        return None

    def get_context(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(request, *args, **kwargs)
        context["words_language"] = self.words_language
        return context

    def make_preview_request(
        self,
        original_request: HttpRequest | None = None,
        preview_mode: str | None = None,
        extra_request_attrs: dict[str, Any] | None = None,
    ) -> Any:
        return preview_answer(self, original_request, preview_mode or "", extra_request_attrs or {})


class HomePage(WordsPage):
    """The front page: words of the council above what the service knows of its rounds and places."""

    template = "cms/home_page.html"
    parent_page_types: ClassVar[list[str]] = ["wagtailcore.Page"]
    max_count = 2

    class Meta:
        verbose_name = _("home page")

    def get_context(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context(request, *args, **kwargs), **home_facts()}


class StandardPage(WordsPage):
    """A page of words."""

    in_footer = models.BooleanField(_("show at the foot of every page"), default=False)

    parent_page_types: ClassVar[list[str]] = ["cms.HomePage", "cms.StandardPage"]
    promote_panels: ClassVar[list[Any]] = [*Page.promote_panels, FieldPanel("in_footer")]

    class Meta:
        verbose_name = _("page")


class HowItWorksPage(WordsPage):
    """How a round works, step by step."""

    steps = StreamField(STEPS, blank=True, verbose_name=_("steps"))

    parent_page_types: ClassVar[list[str]] = ["cms.HomePage"]
    subpage_types: ClassVar[list[str]] = []
    max_count_per_parent = 1
    content_panels: ClassVar[list[Any]] = [
        *Page.content_panels,
        FieldPanel("intro"),
        FieldPanel("steps"),
        FieldPanel("body"),
    ]

    class Meta:
        verbose_name = _("how it works")


class NewsIndexPage(WordsPage):
    """The list of news, newest first."""

    parent_page_types: ClassVar[list[str]] = ["cms.HomePage"]
    subpage_types: ClassVar[list[str]] = ["cms.NewsPage"]
    max_count_per_parent = 1

    class Meta:
        verbose_name = _("list of news")

    def get_context(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        news = NewsPage.objects.child_of(self).live().order_by("-day", "-pk")
        shown = Paginator(news, NEWS_ON_A_PAGE).get_page(request.GET.get("page"))
        return {**super().get_context(request, *args, **kwargs), "news": shown}


class NewsPage(WordsPage):
    """One piece of news."""

    day = models.DateField(_("date"), default=localdate)

    parent_page_types: ClassVar[list[str]] = ["cms.NewsIndexPage"]
    subpage_types: ClassVar[list[str]] = []
    content_panels: ClassVar[list[Any]] = [
        *Page.content_panels,
        FieldPanel("day"),
        FieldPanel("intro"),
        FieldPanel("body"),
    ]

    class Meta:
        verbose_name = _("piece of news")


def home_facts() -> dict[str, Any]:
    """What a front page shows beside its words: the rounds, the place, and earlier rounds."""
    tenant = current_tenant()
    return {
        "rounds": rounds.rounds_visible(),
        "council": places.council_facts(tenant.slug),
        "earlier": [item for item in past_rounds() if item.council_slug == tenant.slug],
    }
