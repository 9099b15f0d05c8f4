"""Rounds across Scotland, from what councils and groups have signed; no council's own data is read here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.utils.translation import get_language

from core.kernel.clock import database_now
from core.rounds.lifecycle import State
from core.rounds.listeners import STATEMENT
from core.web.public.phases import DECIDED, PHASES, Phase
from plugins.api.money import Money
from plugins.api.text import LocalisedText
from tenants.office.selectors import Fact, facts
from tenants.registry.models import Tenant

DECIDED_FOR = timedelta(days=365)
DECIDED_MOST = 12
COMING = (State.IDEAS, State.CO_CONSTRUCTION, State.FEASIBILITY, State.BALLOT_PREP)
WAITING = (State.COUNT, State.SUSPENDED)


@dataclass(frozen=True, slots=True)
class Card:
    """One round as its council has signed it."""

    name: LocalisedText
    council: LocalisedText
    area: str
    phase: Phase
    pot: Money
    opens: datetime | None
    closes: datetime | None
    since: datetime
    url: str
    demo: bool


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _card(fact: Fact) -> Card:
    body = fact.body
    url = str(body["url"])
    return Card(
        name=LocalisedText(body["name"]["en"], body["name"].get("gd", "")),
        council=fact.tenant.name,
        area=body["area"],
        phase=PHASES[State(body["state"])],
        pot=Money(body["pot_pence"]),
        opens=_moment(body["opens"]),
        closes=_moment(body["closes"]),
        since=datetime.fromisoformat(body["since"]),
        # The same page in the reader's language: only the first word of the path differs.
        url=url.replace("/rounds/", "/gd/rounds/", 1) if get_language() == "gd" else url,
        demo=body["demo"],
    )


def _ahead(card: Card) -> Card:
    """Without an opening that has passed while voting has not opened: it would say what is no longer so."""
    return card if card.opens and card.opens > database_now() else replace(card, opens=None)


def national_rounds() -> dict[str, list[Card]]:
    """Open ones by how soon they close, coming ones by how soon they open, decided ones of a year, newest first.

    Of a council that another cell serves, those decided before it moved: how its others stand is not heard here.
    """
    stated = [one for one in facts(STATEMENT) if one.body["state"] in DECIDED or one.tenant.state != Tenant.State.MOVED]
    since, last = database_now() - DECIDED_FOR, datetime.max.replace(tzinfo=database_now().tzinfo)

    def cards(states: Iterable[State]) -> list[Card]:
        wanted = frozenset(states)
        return [_card(fact) for fact in stated if fact.body["state"] in wanted]

    decided = [card for card in cards(DECIDED) if card.since > since]
    return {
        "open": sorted(cards([State.VOTING]), key=lambda card: card.closes or last),
        "coming": sorted(map(_ahead, cards(COMING)), key=lambda card: card.opens or last),
        "waiting": sorted(cards(WAITING), key=lambda card: card.since, reverse=True),
        "decided": sorted(decided, key=lambda card: card.since, reverse=True)[:DECIDED_MOST],
    }
