"""Rounds for the demo, one at each stage a visitor wants to see: made up, marked so on every page, made once.

What is in them stands in `demo_rounds.toml`. Their ballots go through the ballot box and are counted by the same code
as any other; only the voters are made up.
"""

from __future__ import annotations

import random
import secrets
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import transaction

from core.kernel.clock import database_now
from core.people.models import RoleGrant
from core.people.services import person_know, role_end, role_grant
from core.proposals.services import proposal_save
from core.rounds.lifecycle import State
from core.rounds.models import Round
from core.rounds.services import fund_source_add, round_advance, round_create, rules_set
from core.voting.box import ballots_put, box_of
from core.voting.services import opening_approve, roll_import
from core.voting.tally import tally_run
from plugins.api.money import Money
from plugins.api.text import LocalisedText
from plugins.api.values import Ballot
from tenants.registry.context import Role, in_tenant
from tenants.registry.selectors import tenant_by_slug

FILE = Path(__file__).with_name("demo_rounds.toml")
ISSUER = "urn:commonty:demo"
SEED = 2026
# Of ten made-up ballots, so many were given on the web; the others on paper at an event.
ON_THE_WEB = 7
OPEN_FOR, OPENS_IN, ENDED = timedelta(days=30), timedelta(days=10), timedelta(seconds=1)


def demo_rounds_make() -> list[str]:
    """Make those that are missing, count one that was cut short; the addresses of new ones as tenant/slug."""
    made = []
    for spec in tomllib.loads(FILE.read_text(encoding="utf-8"))["round"]:
        with in_tenant(tenant_by_slug(spec["tenant"]), role=Role.WORKER):
            row = Round.objects.filter(slug=spec["slug"]).first()
            if row is None:
                row = _make(spec)
                made.append(f"{spec['tenant']}/{spec['slug']}")
            if spec["stage"] == "result" and row.state == State.COUNT:
                # The count sees what has been committed, as a worker's does.
                tally_run(round_id=row.id)
                round_advance(round=row, verb="publish_result", actor=None)
    return made


@transaction.atomic
def _make(spec: Mapping[str, Any]) -> Round:
    """Up to its stage, whole or not at all; one whose result is wanted up to the count."""
    stage = spec["stage"]
    row = _written(spec)
    if stage == "design":
        return row
    row = round_advance(round=row, verb="prepare_ballot", actor=None)
    if stage == "ballot_prep":
        return row
    row = round_advance(round=row, verb="open_voting", actor=None)
    _cast(row, spec)
    if stage == "voting":
        return row
    row = round_advance(round=row, verb="close_voting", actor=None)
    for number in (1, 2):
        name = f"Demo steering member {number}"
        person = person_know(issuer=ISSUER, subject=f"steering-{number}", display_name=name)
        grant = role_grant(person=person, role=RoleGrant.Role.STEERING_MEMBER.value, giver=None, round_id=row.id)
        opening_approve(round=row, actor=person)
        role_end(grant=grant, actor=None)
    return row


def _written(spec: Mapping[str, Any]) -> Round:
    now = database_now()
    opens = now + OPENS_IN if spec["stage"] in ("design", "ballot_prep") else now - ENDED
    row = round_create(
        slug=spec["slug"],
        name=LocalisedText(**spec["name"]),
        purpose=LocalisedText(**spec["purpose"]),
        open_to_influence=LocalisedText(**spec["influence"]),
        fixed=LocalisedText(**spec["fixed"]),
        eligibility=LocalisedText(**spec["eligibility"]),
        ballot_opens_at=opens,
        ballot_closes_at=opens + OPEN_FOR,
        proofs=["code-by-email", "national-sign-in"],
        deliberation=spec["deliberation"],
        area_name=spec["area"],
        min_age=spec.get("min_age", 16),
        is_demo=True,
        actor=None,
    )
    fund_source_add(
        round=row,
        pot_name=LocalisedText("Demo pot", "Poit demo"),
        name="Made up",
        amount=Money(spec["money"] * 100),
        actor=None,
    )
    rules_set(
        round=row,
        ballot_format=spec["format"],
        ballot_settings=spec.get("format_settings", {}),
        outcome_rule=spec["rule"],
        outcome_settings=spec.get("rule_settings", {}),
        actor=None,
    )
    for project in spec["project"]:
        proposal_save(
            round=row,
            title=LocalisedText(project["en"], project["gd"]),
            benefit=LocalisedText(**project["benefit"]),
            cost=Money(project["cost"] * 100),
            actor=None,
        )
    return row


def _cast(row: Round, spec: Mapping[str, Any]) -> None:
    """The stated number of ballots, the same ones each time a demo is made."""
    box, chance = box_of(row.id), random.Random(SEED)  # noqa: S311  # made-up ballots need no secrecy
    most = spec["format_settings"]["maximum"]
    likes = [project["likes"] for project in spec["project"]]
    refs = [project.ref for project in box.offer.projects]
    for channel, number in (
        ("web", spec["ballots"] * ON_THE_WEB // 10),
        ("paper_event", spec["ballots"] - spec["ballots"] * ON_THE_WEB // 10),
    ):
        names = [f"{channel}-{one}" for one in range(number)]
        entries = roll_import(round_id=row.id, namespace="demo", values=names, rung="demo")
        keyed = []
        for entry in entries:
            liked = [ref for ref, like in zip(refs, likes, strict=True) if chance.randrange(100) < like]
            chosen = tuple(chance.sample(liked, most) if len(liked) > most else liked) or (chance.choice(refs),)
            ballot = box.format.canonical(box.ballot_of(Ballot(box.format.key, chosen)))
            keyed.append((entry, ballot, secrets.token_bytes(16)))
        for outcome in ballots_put(box, keyed, channel=channel):
            if isinstance(outcome, Exception):
                raise outcome
