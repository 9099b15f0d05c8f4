"""What stands around the editors' words on a council's front page and on its list of rounds."""

from __future__ import annotations

from typing import Any

from core.places.national import past_rounds
from core.places.selectors import council_facts
from core.rounds.lifecycle import State
from core.rounds.selectors import rounds_visible
from core.web.public.phases import DECIDED, phase_of
from tenants.registry.context import current_tenant


class Rounds:
    """Rounds in three groups: where something can be done now, what is coming or counted, what is over."""

    template = "public/rounds.html"

    def facts(self) -> dict[str, Any]:
        over = {*DECIDED, State.CANCELLED}
        groups: dict[str, Any] = {"open": [], "coming": [], "past": []}
        for row in rounds_visible():
            name = "open" if row.state == State.VOTING else "past" if row.state in over else "coming"
            groups[name].append({"round": row, "phase": phase_of(row), "open": name == "open"})
        return groups


class Home:
    """The rounds of this place, the place itself, and what was decided before this service."""

    template = "public/home.html"

    def facts(self) -> dict[str, Any]:
        tenant = current_tenant()
        return {
            **Rounds().facts(),
            "council": council_facts(tenant.slug),
            "earlier": [item for item in past_rounds() if item.council_slug == tenant.slug],
        }
