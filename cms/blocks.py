"""What an editor can put on a page. Few pieces, each accessible by itself."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.images.blocks import ImageChooserBlock

from cms.pictures import picture_of

WORDS = ["bold", "italic", "link", "document-link", "ol", "ul"]


class SecureUrlBlock(blocks.URLBlock):  # type: ignore[misc]  # Wagtail publishes no types
    """An address on the web that begins with https."""

    def clean(self, value: Any) -> Any:
        cleaned = super().clean(value)
        if cleaned and not str(cleaned).lower().startswith("https://"):
            raise blocks.field_block.ValidationError(_("Write an address that begins with https://"))
        return cleaned


class PictureBlock(blocks.StructBlock):  # type: ignore[misc]
    """A picture and what it shows, in words, for those who cannot see it. A picture without words is refused."""

    image = ImageChooserBlock(label=_("Picture"))
    alt = blocks.CharBlock(
        label=_("What the picture shows"),
        max_length=250,
        help_text=_("Read aloud to people who cannot see the picture. Say what matters in it."),
    )
    caption = blocks.CharBlock(label=_("Caption"), max_length=250, required=False)

    def get_context(self, value: Any, parent_context: Any = None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(value, parent_context=parent_context)
        context["picture"] = picture_of(value["image"])
        return context

    class Meta:
        template = "cms/blocks/picture.html"
        icon = "image"
        label = _("Picture")


class CalloutBlock(blocks.StructBlock):  # type: ignore[misc]
    """A short note that stands out."""

    title = blocks.CharBlock(label=_("Title"), max_length=120)
    text = blocks.RichTextBlock(label=_("Text"), features=WORDS)

    class Meta:
        template = "cms/blocks/callout.html"
        icon = "warning"
        label = _("Note that stands out")


class BslVideoBlock(blocks.StructBlock):  # type: ignore[misc]
    """The way to a film in British Sign Language. A link, not a frame: nothing is loaded from anybody else."""

    title = blocks.CharBlock(label=_("What the film is about"), max_length=120)
    url = SecureUrlBlock(label=_("Address of the film"))

    class Meta:
        template = "cms/blocks/bsl_video.html"
        icon = "media"
        label = _("Film in British Sign Language")


class EasyReadBlock(blocks.StructBlock):  # type: ignore[misc]
    """The way to an Easy Read version."""

    title = blocks.CharBlock(label=_("What it is about"), max_length=120)
    url = SecureUrlBlock(label=_("Address of the Easy Read version"))

    class Meta:
        template = "cms/blocks/easy_read.html"
        icon = "doc-full"
        label = _("Easy Read version")


class HeadingBlock(blocks.CharBlock):  # type: ignore[misc]
    """A heading of a section; the page's title is the only one above it."""

    class Meta:
        template = "cms/blocks/heading.html"
        icon = "title"
        label = _("Heading")


class StepBlock(blocks.StructBlock):  # type: ignore[misc]
    """One step of how it works."""

    title = blocks.CharBlock(label=_("Title"), max_length=120)
    text = blocks.RichTextBlock(label=_("Text"), features=WORDS)

    class Meta:
        template = "cms/blocks/step.html"
        icon = "list-ol"
        label = _("Step")


BODY: list[tuple[str, blocks.Block]] = [
    ("heading", HeadingBlock(max_length=120)),
    ("paragraph", blocks.RichTextBlock(features=WORDS, label=_("Paragraph"), icon="pilcrow")),
    ("picture", PictureBlock()),
    ("callout", CalloutBlock()),
    ("bsl_video", BslVideoBlock()),
    ("easy_read", EasyReadBlock()),
]
STEPS: list[tuple[str, blocks.Block]] = [("step", StepBlock())]
