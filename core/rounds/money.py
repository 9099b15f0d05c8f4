"""The money of a round as a ballot and a count need it: as it is frozen, by area, and what is kept for what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from core.rounds.models import Pot
from plugins.api.money import Money
from plugins.api.spending import Earmark
from plugins.api.values import Pot as OfferedPot


def pots_written(pots: Iterable[Pot]) -> list[dict[str, Any]]:
    """The pots as they are frozen, each with its sources."""
    return [
        {
            "name": pot.name.as_json(),
            "area": pot.area,
            "sources": [
                {
                    "name": source.name,
                    "amount": source.amount.minor,
                    "restriction": source.restriction,
                    "category": source.category,
                }
                for source in pot.sources.all()
            ],
        }
        for pot in pots
    ]


def _by_area(written: Iterable[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    areas: dict[str, list[Mapping[str, Any]]] = {}
    for pot in written:
        areas.setdefault(pot.get("area", ""), []).extend(pot["sources"])
    return areas


def pots_offered(written: Iterable[Mapping[str, Any]], currency: str = "GBP") -> tuple[OfferedPot, ...]:
    """The money by area. Nothing where no pot names an area: then all of it is decided together."""
    areas = _by_area(written)
    if not any(areas):
        return ()
    return tuple(
        OfferedPot(area, Money(sum(source["amount"] for source in sources), currency))
        for area, sources in sorted(areas.items())
    )


def money_kept(written: Iterable[Mapping[str, Any]]) -> dict[str, tuple[Earmark, ...]]:
    """By area what is kept for a kind of project. Sources for the same kind are one sum."""
    found: dict[str, tuple[Earmark, ...]] = {}
    for area, sources in _by_area(written).items():
        kinds: dict[str, int] = {}
        for source in sources:
            if kind := source.get("category", ""):
                kinds[kind] = kinds.get(kind, 0) + source["amount"]
        if kinds:
            found[area] = tuple(Earmark(amount=amount, category=kind) for kind, amount in sorted(kinds.items()))
    return found
