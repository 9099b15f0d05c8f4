"""How values read on a page: money as pounds, dates as people write them, words in the page's language."""

from __future__ import annotations

from datetime import date, datetime

from django import template
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import get_language

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
