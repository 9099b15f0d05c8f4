"""What every public page needs of the editors' pages: the entries of the menu and of the foot."""

from __future__ import annotations

from typing import Any

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language

from cms.selectors import MenuItem, menu


def _entries() -> list[MenuItem]:
    try:
        return menu(get_language() or "en")
    except (DatabaseError, InterfaceError):
        # The page that says the database is away must still be shown.
        return []


def menus(request: HttpRequest) -> dict[str, Any]:
    """Asked of the database only by a template that shows it, once a page."""
    return {"menu_entries": SimpleLazyObject(_entries)}
