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
from cms.ports import surroundings_of
from cms.preview import preview_answer
from tenants.registry.context import current_tenant
from tenants.registry.hosts import origin

# First words of addresses that the service itself answers: a page there would never be seen.
TAKEN = frozenset(
    {
        *("places", "past-rounds", "account", "sign-in", "sign-out", "how-your-vote-is-kept"),
        *("api", "static", "gd", "cms", "documents", "one-percent", "staff", "files", "healthz", "metrics", "media"),
    }
)
# Addresses the service promises and answers itself until an editor publishes words there.
PROMISED = frozenset({"rounds", "accessibility", "privacy", "complaints"})
HOME_DEPTH = 2
NEWS_ON_A_PAGE = 20


class WordsForm(WagtailAdminPageForm):  # type: ignore[misc]  # Wagtail publishes no types
    """Whoever saves a page in the editor has made its words their own."""

    def save(self, commit: bool = True) -> Any:
        self.instance.starter = False
        return super().save(commit=commit)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        slug, before = cleaned.get("slug"), self.initial.get("slug")
        if self.parent_page is None or self.parent_page.depth != HOME_DEPTH or slug == before:
            return cleaned
        if slug in TAKEN:
            self.add_error("slug", ValidationError(_("The service itself answers at this address. Choose another.")))
        elif before in PROMISED:
            self.add_error("slug", ValidationError(_("People rely on this page's address, so it stays as it is.")))
        return cleaned


class WordsPage(Page):  # type: ignore[misc]
    """What all our pages share."""

    starter = models.BooleanField(default=False, editable=False, help_text="words that came with the service")
    intro = models.TextField(_("introduction"), blank=True, max_length=600)
    body = StreamField(BODY, blank=True, verbose_name=_("content"))

    base_form_class = WordsForm
    content_panels: ClassVar[list[Any]] = [*Page.content_panels, FieldPanel("intro"), FieldPanel("body")]
    show_in_menus_default = False
    # Nothing an editor writes is for some residents only.
    private_page_options: ClassVar[list[str]] = []

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
    """The front page: words of the editors above what the service knows."""

    parent_page_types: ClassVar[list[str]] = ["wagtailcore.Page"]
    max_count = 2

    class Meta:
        verbose_name = _("home page")

    def get_template(self, request: HttpRequest, *args: Any, **kwargs: Any) -> str:
        return surroundings_of(home_kind()).template

    def get_context(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {**surroundings_of(home_kind()).facts(), **super().get_context(request, *args, **kwargs)}


class RoundIndexPage(WordsPage):
    """Words above the list of rounds."""

    parent_page_types: ClassVar[list[str]] = ["cms.HomePage"]
    subpage_types: ClassVar[list[str]] = []
    max_count_per_parent = 1

    class Meta:
        verbose_name = _("list of rounds")

    def get_template(self, request: HttpRequest, *args: Any, **kwargs: Any) -> str:
        return surroundings_of("rounds").template

    def get_context(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {**surroundings_of("rounds").facts(), **super().get_context(request, *args, **kwargs)}


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
        shown = Paginator(self.pieces(), NEWS_ON_A_PAGE).get_page(request.GET.get("page"))
        return {**super().get_context(request, *args, **kwargs), "news": shown}

    def pieces(self) -> models.QuerySet[NewsPage]:
        """What is published here, and in English what has not been translated."""
        own = NewsPage.objects.child_of(self).live()
        twin = NewsIndexPage.objects.filter(
            translation_key=self.translation_key, locale__language_code=settings.LANGUAGE_CODE
        ).first()
        wanted = models.Q(pk__in=own.values("pk"))
        if twin is not None and twin.pk != self.pk:
            rest = NewsPage.objects.child_of(twin).live().exclude(translation_key__in=own.values("translation_key"))
            wanted |= models.Q(pk__in=rest.values("pk"))
        found: models.QuerySet[NewsPage] = NewsPage.objects.filter(wanted).select_related("locale")
        return found.order_by("-day", "-pk")


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


def home_kind() -> str:
    """What stands around a front page: the national one has the councils, the others their own rounds."""
    return "national home" if current_tenant().is_hub else "home"
