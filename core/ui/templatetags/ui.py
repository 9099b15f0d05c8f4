"""How values read on a page: money as pounds, dates as people write them, words in the page's language."""

from __future__ import annotations

from datetime import date, datetime

from django import template
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import get_language, gettext

from plugins.api.money import Money
from plugins.api.text import LocalisedText, Text

register = template.Library()


@register.filter
def money(value: Money | None) -> str:
    """`£12,000`; nothing for an amount that is not known, which is never zero."""
    return value.format() if value is not None else ""


@register.filter
def day(value: date | datetime | None) -> str:
    """`Tuesday 24 November 2026`, in the local time of Scotland."""
    if value is None:
        return ""
    moment = localtime(value) if isinstance(value, datetime) else value
    return date_format(moment, "l j F Y")


@register.filter
def localised(value: LocalisedText | Text | str | None) -> str:
    """Words in the page's language, else in English."""
    if value is None or isinstance(value, str):
        return value or ""
    return value.get(get_language() or "en")


@register.filter
def thousands(value: int | None) -> str:
    """`12,345`; nothing where the number is not known."""
    return f"{value:,}" if value is not None else ""


@register.filter
def moment(value: datetime | None) -> str:
    """`Tuesday 24 November 2026, 17:00`, in the local time of Scotland."""
    return f"{day(value)}, {date_format(localtime(value), 'H:i')}" if value is not None else ""


@register.filter
def words(value: LocalisedText | Text | str | None) -> str | SafeString:
    """Like `localised`, and marked as English where a page in Gaelic has to show English."""
    if value is None or isinstance(value, str):
        return value or ""
    language = get_language() or "en"
    text = value.get(language)
    return format_html('<span lang="en">{}</span>', text) if language == "gd" and not value.gd else text


@register.filter
def paragraphs(value: LocalisedText | Text | None) -> SafeString:
    """Longer words as paragraphs, marked as English where a page in Gaelic has to show English."""
    if value is None:
        return SafeString("")
    language = get_language() or "en"
    parts = [part.strip() for part in value.get(language).replace("\r\n", "\n").split("\n\n") if part.strip()]
    mark = SafeString(' lang="en"') if language == "gd" and not value.gd else ""
    return format_html_join("\n", "<p{}>{}</p>", ((mark, part) for part in parts))


@register.filter
def said(value: object) -> str | SafeString:
    """What an error says: in the page's language where the catalogue knows it, else marked as English."""
    if isinstance(value, LocalisedText | Text):
        return words(value)
    text = str(value)
    if (get_language() or "en") != "gd":
        return text
    gaelic = gettext(text)
    return gaelic if gaelic != text or isinstance(value, Promise) else format_html('<span lang="en">{}</span>', text)
