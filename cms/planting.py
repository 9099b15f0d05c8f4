"""Many new pages at once, for a tenant that begins: Wagtail's own way asks some thirty questions for each page.

What `add_child` leaves behind stands here too: the place in the tree, the counts of children, the log and the search
index. A page that refers to others would also need the reference index; starter words refer to none.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from django.db.models import F
from django.utils import timezone
from wagtail.models import Page, PageLogEntry
from wagtail.search.backends import get_search_backends

BASE = [field.attname for field in Page._meta.concrete_fields if not field.primary_key]


def plant(wanted: Sequence[tuple[Page, Page | None]]) -> None:
    """Insert new pages, each below its parent: one of the database, or one that stands earlier in the list.

    Called in a transaction. A page of the root has no parent. Nothing is validated: the words are our own.
    """
    if not wanted:
        return
    _place(wanted)
    pages = [page for page, _parent in wanted]
    rows = Page.objects.bulk_create([Page(**{name: getattr(page, name) for name in BASE}) for page in pages])
    for page, row in zip(pages, rows, strict=True):
        page.pk = page.id = row.pk
        page._state.db = row._state.db
        if type(page) is not Page:
            # As a fixture is loaded: the part of its own table, since the other part stands already.
            page.save_base(raw=True, force_insert=True)
    _log(pages)
    _index(pages)


def _place(wanted: Sequence[tuple[Page, Page | None]]) -> None:
    """Path, depth, address and counts of children, as treebeard and Wagtail keep them."""
    last: dict[int, str] = {}
    for page, parent in wanted:
        page.draft_title = page.title
        page.set_url_path(parent)
        page.depth = parent.depth + 1 if parent else 1
        before = last.get(id(parent))
        if before is None and parent is not None and parent.pk is not None:
            # Its count of children is the database's, which may have grown since it was read.
            sister = Page.objects.filter(path__startswith=parent.path, depth=page.depth).order_by("-path").first()
            before = sister.path if sister else None
        step = Page._str2int(before[-Page.steplen :]) + 1 if before else 1
        page.path = last[id(parent)] = Page._get_path(parent.path if parent else "", page.depth, step)
        if parent is None:
            continue
        if parent.pk is None:
            parent.numchild += 1
        else:
            Page.objects.filter(pk=parent.pk).update(numchild=F("numchild") + 1)


def _log(pages: Sequence[Page]) -> None:
    now = timezone.now()
    PageLogEntry.objects.bulk_create(
        [
            PageLogEntry(
                page=page,
                content_type_id=page.content_type_id,
                label=page.get_admin_display_title(),
                action="wagtail.create",
                timestamp=now,
                content_changed=True,
                data={},
            )
            for page in pages
        ]
    )


def _index(pages: Sequence[Page]) -> None:
    def kind(page: Any) -> str:
        return str(page._meta.label)

    for backend in get_search_backends(with_auto_update=True):
        for _label, group in groupby(sorted(pages, key=kind), key=kind):
            same = list(group)
            backend.add_bulk(type(same[0]), same)
