"""Public data about Scotland's councils and wards that ships with the product (sources in data/SOURCES.md).

Files are read once per process. A blank cell means "not obtained" and stays None: never zero.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from plugins.api.money import Money
from plugins.api.text import LocalisedText

DATA = Path(__file__).parent / "data"
# The sources of the finance file as people would cite them (data/SOURCES.md).
FINANCE_SOURCES = {
    "sg_15_7_billion_2026_27": "Scottish Government, local government settlement 2026-27",
    "sg_15_billion_for_councils_2025_26": "Scottish Government, 12 December 2024",
    "govtransformation_2022_23": "Government Transformation, 2022-23 funding by council",
    "sp_answer_S6W_39654": "Scottish Parliament, written answer S6W-39654",
}


@dataclass(frozen=True, slots=True)
class CouncilFacts:
    """One of the 32 councils: names, codes, people, and the settlement as published."""

    code: str
    slug: str
    name: LocalisedText
    official_name: str
    website: str
    population: int
    wards: int


@dataclass(frozen=True, slots=True)
class WardFacts:
    code: str
    name: str
    council_code: str
    latitude: str
    longitude: str


@dataclass(frozen=True, slots=True)
class Settlement:
    """A council's settlement as published: whole pounds from a named source and year."""

    council_code: str
    year: str
    amount: Money
    status: str
    source: str


@dataclass(frozen=True, slots=True)
class PastRound:
    """A participatory budgeting process of earlier years, as a public page reports it."""

    reference: str
    council_slug: str
    name: str
    year: str
    budget: Money | None
    projects_funded: int | None
    voters: int | None
    notes: str
    source_url: str

    @property
    def anchor(self) -> str:
        """Where it stands on the page of earlier rounds."""
        return f"round-{self.reference}".lower()


@dataclass(frozen=True, slots=True)
class PastAward:
    reference: str
    council_slug: str
    process_name: str
    year: str
    title: str
    area: str
    amount: Money | None
    votes: int | None
    status: str
    source_url: str

    @property
    def anchor(self) -> str:
        """Where it stands on the page of earlier rounds."""
        return f"project-{self.reference}".lower()


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isdigit() else None


def _pounds(text: str) -> Money | None:
    pounds = _number(text)
    return None if pounds is None else Money(pounds * 100)


@lru_cache(maxsize=1)
def councils() -> tuple[CouncilFacts, ...]:
    """All 32 councils in order of name."""
    return tuple(
        CouncilFacts(
            code=row["council_code"],
            slug=row["slug"],
            name=LocalisedText(row["council_name"], row["gaelic_name"]),
            official_name=row["council_official_name"],
            website=row["website_domain"],
            population=int(row["population_mid2022"]),
            wards=int(row["wards_count"]),
        )
        for row in _rows("councils.csv")
    )


@lru_cache(maxsize=1)
def wards() -> Mapping[str, tuple[WardFacts, ...]]:
    """Wards by council code."""
    found: dict[str, list[WardFacts]] = {}
    for row in _rows("wards.csv"):
        found.setdefault(row["council_code"], []).append(
            WardFacts(row["ward_code"], row["ward_name"], row["council_code"], row["latitude"], row["longitude"])
        )
    return {code: tuple(items) for code, items in found.items()}


def _boundaries(name: str, key: str) -> dict[str, Any]:
    document = json.loads((DATA / name).read_text(encoding="utf-8"))
    return {feature["properties"][key]: feature["geometry"] for feature in document["features"]}


@lru_cache(maxsize=1)
def ward_boundaries() -> Mapping[str, Any]:
    """GeoJSON geometry by ward code."""
    return _boundaries("wards.geojson", "ward_code")


@lru_cache(maxsize=1)
def council_boundaries() -> Mapping[str, Any]:
    """GeoJSON geometry by council code."""
    return _boundaries("councils.geojson", "council_code")


@lru_cache(maxsize=1)
def settlements() -> Mapping[str, Settlement]:
    """The newest published settlement by council code; a council without one is absent. Derived rows are left out."""
    found: dict[str, Settlement] = {}
    for row in _rows("council_finance.csv"):
        amount = _pounds(row["amount_gbp"])
        if row["measure"] != "scottish_government_settlement" or row["source_id"] == "derived" or amount is None:
            continue
        known = found.get(row["area_code"])
        if known is None or known.year < row["financial_year"]:
            found[row["area_code"]] = Settlement(
                row["area_code"],
                row["financial_year"],
                amount,
                row["status"],
                FINANCE_SOURCES.get(row["source_id"], row["source_id"]),
            )
    return found


@lru_cache(maxsize=1)
def past_rounds() -> tuple[PastRound, ...]:
    return tuple(
        PastRound(
            reference=row["process_id"],
            council_slug=row["council_slug"],
            name=row["process_name"],
            year=row["year"],
            budget=_pounds(row["budget_gbp"]),
            projects_funded=_number(row["projects_funded"]),
            voters=_number(row["voters"]),
            notes=row["notes"],
            source_url=row["source_url"],
        )
        for row in _rows("pb_processes.csv")
    )


@lru_cache(maxsize=1)
def past_awards() -> tuple[PastAward, ...]:
    return tuple(
        PastAward(
            reference=row["award_id"],
            council_slug=row["council_slug"],
            process_name=row["process_name"],
            year=row["process_year"],
            title=row["project_title"],
            area=row["area"],
            amount=_pounds(row["amount_gbp"]),
            votes=_number(row["votes"]),
            status=row["status"],
            source_url=row["source_url"],
        )
        for row in _rows("pb_awards.csv")
    )
