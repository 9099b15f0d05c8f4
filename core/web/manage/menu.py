"""The menu of the staff host: a line of areas, and below it the pages of the area one is in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tenants.registry.context import TenantRef


@dataclass(frozen=True, slots=True)
class Entry:
    """A page: its `part` is what the page calls itself. `kinds` are the tenants that have it, all where it is empty."""

    part: str
    view: str
    label: Any
    kinds: frozenset[str] = frozenset()
    everybody: bool = False
    """Also for those who lead nothing, such as a round's manager."""


@dataclass(frozen=True, slots=True)
class Area:
    label: Any
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A link as the page draws it."""

    address: str
    label: Any
    here: bool


COUNCIL, GROUP, HUB = frozenset({"council"}), frozenset({"community", "public_body"}), frozenset({"hub"})
MENU = (
    Area(_("Console"), (Entry("console", "console:home", _("Console"), HUB),)),
    Area(
        _("Rounds"),
        (
            Entry("rounds", "staff:rounds", _("All rounds"), everybody=True),
            Entry("discussion", "staff:discussion", _("Comments")),
            Entry("entrusted", "staff:entrusted", _("Entrusted money")),
        ),
    ),
    Area(
        _("Organisation"),
        (
            Entry("setup", "staff:setup", _("First steps")),
            Entry("people", "staff:people", _("People")),
            Entry("groups", "staff:groups", _("Groups"), COUNCIL),
            Entry("groups", "staff:groups", _("Councils"), GROUP),
            Entry("support", "staff:support", _("Support access"), COUNCIL | GROUP),
            Entry("modules", "staff:modules", _("Modules")),
            Entry("limits", "staff:limits", _("Use and limits")),
            Entry("record", "staff:record", _("Record")),
        ),
    ),
    Area(
        _("Website"),
        (
            Entry("look", "staff:look", _("Look")),
            Entry("pages", "wagtailadmin_home", _("Website pages")),
            Entry("address", "staff:address", _("Your own address")),
            Entry("sender", "staff:sender", _("Mail in your name")),
        ),
    ),
)


def menu(tenant: TenantRef, part: str, *, leads: bool) -> tuple[list[Link], list[Link]]:
    """The areas this person has here, each leading to its first page, and the pages of the area of `part`."""
    areas: list[Link] = []
    below: list[Link] = []
    for area in MENU:
        seen = [one for one in area.entries if (leads or one.everybody) and (not one.kinds or tenant.kind in one.kinds)]
        if not seen:
            continue
        here = any(one.part == part for one in seen)
        areas.append(Link(reverse(seen[0].view), area.label, here))
        if here and len(seen) > 1:
            below = [Link(reverse(one.view), one.label, one.part == part) for one in seen]
    return areas, below
