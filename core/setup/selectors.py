"""The first list: what is settled and what is to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.people.selectors import grants_in_force
from core.rounds.models import Round
from core.setup.models import Acceptance, SetupItem
from plugins.api.text import LocalisedText
from tenants.office.documents.models import PublishedDocument
from tenants.office.documents.selectors import Document, current
from tenants.office.requests.services import AGREEMENT, MEMBERS
from tenants.registry.context import current_tenant

COMMUNITY = "community"
KEYS = ("contacts", "brand", "areas", "languages", "policies", "colleagues", "practice")


@dataclass(frozen=True, slots=True)
class Adopted:
    """A policy as this tenant has adopted it, or not yet. `newer`: a later version than the adopted one is out."""

    document: Document
    version: int
    variation: LocalisedText

    @property
    def newer(self) -> bool:
        return 0 < self.version < self.document.version


def adopted(kind: str = PublishedDocument.Kind.POLICY) -> list[Adopted]:
    """Every current document of a kind with what this tenant has adopted of it. Call outside a transaction."""
    mine: dict[str, Any] = {}
    for row in Acceptance.objects.filter(kind=kind).only("kind", "key", "version", "variation", "accepted_at"):
        mine.setdefault(row.key, row)
    none = LocalisedText("")
    return [
        Adopted(
            one,
            mine[one.key].version if one.key in mine else 0,
            mine[one.key].variation if one.key in mine else none,
        )
        for one in current(kind)
    ]


def acceptances(document: Document) -> list[Acceptance]:
    """Who has accepted this version, in order."""
    rows = Acceptance.objects.filter(kind=document.kind, key=document.key, version=document.version)
    return list(rows.order_by("accepted_at"))


def answers(key: str) -> Mapping[str, Any]:
    """What was written for an item, or nothing."""
    row = SetupItem.objects.only("key", "answers").filter(pk=key).first()
    return row.answers if row else {}


def settled() -> dict[str, bool]:
    """Each item of the list in order: whether it is done. Call outside a transaction."""
    noted = set(SetupItem.objects.values_list("key", flat=True))
    policies = adopted()
    found = {key: key in noted for key in KEYS}
    found["policies"] = bool(policies) and all(one.version == one.document.version for one in policies)
    found["colleagues"] = len({one.person_id for one in grants_in_force()}) >= 2
    found["practice"] = Round.objects.filter(is_practice=True).exists()
    if current_tenant().kind == COMMUNITY:
        agreements = current(AGREEMENT)
        people = {row.person for one in agreements for row in acceptances(one)}
        found["agreement"] = len(people) >= MEMBERS
    return found
