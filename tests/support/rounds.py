"""A round with projects, as an officer would have made it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from core.kernel.clock import database_now
from core.proposals.services import proposal_save
from core.rounds.models import Round
from core.rounds.services import fund_source_add, round_advance, round_create, rules_set
from plugins.api.money import Money
from plugins.api.text import LocalisedText
from tests.support.canary import CANARIES

TITLES = (
    ("Benches on the green", "Beingean air an rèidhlean"),
    ("Bike shelter at the school", ""),
    ("Garden for the day centre", "Gàrradh airson an ionaid-latha"),
    ("Ramp to the hall", ""),
    ("Lights on the path", "Solais air an t-slighe"),
    ("Music for all", ""),
)


def round_made(slug: str = "leith", *, tenant: str = "alpha", projects: int = 6, **over: Any) -> Round:
    """A round in ballot preparation; call inside the tenant. Its words hold the tenant's canary."""
    now = database_now()
    values: dict[str, Any] = {
        "slug": slug,
        "name": LocalisedText(f"Leith Chooses {CANARIES[tenant]}", f"Tha Lìte a’ taghadh {CANARIES[tenant]}"),
        "purpose": LocalisedText("Better streets for everybody.", "Sràidean nas fheàrr dhan a h-uile duine."),
        "open_to_influence": LocalisedText("Which projects are paid for."),
        "fixed": LocalisedText("The sum, and that it is spent this year."),
        "eligibility": LocalisedText("Anyone who lives, works or studies in Leith."),
        "area_name": "Leith",
        "min_age": 8,
        "ballot_opens_at": now - timedelta(days=1),
        "ballot_closes_at": now + timedelta(days=7),
        "proofs": ["code-by-email", "national-sign-in"],
        "actor": None,
    }
    ballot = over.pop("ballot", ("approval", {}))
    rule = over.pop("rule", ("greedy-skip", {}))
    pot = over.pop("pot", Money(3_000_000))
    row = round_create(**{**values, **over})
    fund_source_add(round=row, pot_name=LocalisedText("Main pot", "Prìomh phoit"), name="Council", amount=pot)
    rules_set(
        round=row,
        ballot_format=ballot[0],
        ballot_settings=ballot[1],
        outcome_rule=rule[0],
        outcome_settings=rule[1],
        actor=None,
    )
    for number in range(projects):
        english, gaelic = TITLES[number % len(TITLES)]
        extra = f" {number + 1}" if number >= len(TITLES) else ""
        proposal_save(
            round=row,
            proposal=None,
            title=LocalisedText(english + extra, gaelic + extra if gaelic else ""),
            benefit=LocalisedText("Somewhere to sit down and meet people."),
            description=LocalisedText("What would be done.\n\nWhen it would be done."),
            officer_view=LocalisedText("It can be done this year."),
            cost=Money(500_000 + 100_000 * (number % 7)),
            running_cost=Money(10_000),
            area="Leith Walk" if number % 2 else "Leith Links",
            category="Streets",
            state="on_ballot",
            actor=None,
        )
    return round_advance(round=row, verb="prepare_ballot", actor=None)
