"""A round to practise with: made-up projects and money, ready to be opened, and never shown outside."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid5

from django.db import transaction

from core.kernel.clock import database_now
from core.people.models import Person
from core.proposals.services import proposal_save
from core.rounds.models import Round
from core.rounds.services import fund_source_add, round_advance, round_create, rules_set
from plugins.api.money import Money
from plugins.api.text import LocalisedText
from tenants.registry.context import current_tenant

SLUG = "practice"
PROJECTS = (
    ("Benches on the green", "Beingean air an rèidhlean", 120_000),
    ("A shed for the repair group", "Seada dhan bhuidhinn-chàraidh", 240_000),
    ("Music afternoons for all ages", "Feasgaran ciùil airson gach aois", 90_000),
    ("Path lights to the school", "Solais air an t-slighe dhan sgoil", 310_000),
    ("A garden for the day centre", "Gàrradh airson an ionaid-latha", 180_000),
)


@transaction.atomic
def practice_round(*, actor: Person | None) -> Round:
    """The practice round, made the first time: whole or not at all."""
    known = Round.objects.filter(slug=SLUG).first()
    if known is not None:
        return known
    now = database_now()
    row = round_create(
        slug=SLUG,
        name=LocalisedText("Practice round", "Cuairt-chleachdaidh"),
        purpose=LocalisedText(
            "To try everything out. Nothing here is real.", "Airson a h-uile rud fheuchainn. Chan eil dad an seo fìor."
        ),
        open_to_influence=LocalisedText(
            "Which made-up projects get the made-up money.",
            "Cò na pròiseactan mac-meanmnach a gheibh an t-airgead mac-meanmnach.",
        ),
        fixed=LocalisedText("Nothing.", "Chan eil dad."),
        eligibility=LocalisedText("Whoever practises here.", "Duine sam bith a tha a’ cleachdadh an seo."),
        ballot_opens_at=now,
        ballot_closes_at=now + timedelta(days=60),
        proofs=["code-by-email"],
        min_age=8,
        is_practice=True,
        is_demo=True,
        actor=actor,
        new_id=uuid5(current_tenant().uuid, SLUG),
    )
    fund_source_add(
        round=row,
        pot_name=LocalisedText("Practice pot", "Poit-chleachdaidh"),
        name="Made up",
        amount=Money(500_000),
        actor=actor,
    )
    rules_set(
        round=row,
        ballot_format="approval",
        ballot_settings={"maximum": 3},
        outcome_rule="greedy-skip",
        outcome_settings={},
        actor=actor,
    )
    for english, gaelic, cost in PROJECTS:
        proposal_save(
            round=row,
            title=LocalisedText(english, gaelic),
            benefit=LocalisedText("A made-up project to practise with.", "Pròiseact mac-meanmnach airson cleachdadh."),
            cost=Money(cost),
            actor=actor,
        )
    return round_advance(round=row, verb="prepare_ballot", actor=None)
