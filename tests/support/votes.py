"""A round with voting open, and voters for it, for tests of the ballot box."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection, transaction
from psycopg import sql

from core.kernel.clock import database_now
from core.kernel.env import environment
from core.people.models import Person
from core.people.services import person_know, role_grant
from core.proposals.services import proposal_save
from core.rounds.models import Round
from core.rounds.services import fund_source_add, round_advance, round_create, rules_set
from core.voting.box import CastOutcome, ballots_put, box_of
from core.voting.models import TallyRun
from core.voting.services import Credential, ballot_cast, opening_approve, roll_claim, roll_import
from core.voting.tally import tally_run
from plugins.api.money import Money
from plugins.api.text import LocalisedText
from plugins.api.values import Ballot, Proof, RollKey
from tenants.registry.context import Role, in_tenant

COSTS = (1_000_000, 800_000, 700_000, 500_000, 100_000)


def words(text: str) -> LocalisedText:
    return LocalisedText(text)


def round_made(slug: str = "leith", *, revisable: bool = False, seconds: float = 7 * 86400, **more: Any) -> Round:
    """A round in ballot preparation: five projects, £20,000."""
    now = database_now()
    row = round_create(
        slug=slug,
        name=words("Leith Chooses"),
        purpose=words("Better streets"),
        open_to_influence=words("Which projects"),
        fixed=words("The sum"),
        eligibility=words("Anyone who lives here"),
        actor=None,
        ballot_opens_at=more.pop("opens_at", now - timedelta(seconds=1)),
        ballot_closes_at=now + timedelta(seconds=seconds),
        proofs=more.pop("proofs", ["code-by-email", "national-sign-in"]),
        revisable=revisable,
    )
    fund_source_add(round=row, pot_name=words("Main"), name="Council", amount=Money(2_000_000))
    rules_set(
        round=row,
        ballot_format=more.pop("format", "approval"),
        ballot_settings=more.pop("format_settings", {"maximum": 3}),
        outcome_rule=more.pop("rule", "greedy-skip"),
        outcome_settings=more.pop("rule_settings", {}),
        actor=None,
    )
    for number, cost in enumerate(more.pop("costs", COSTS), start=1):
        proposal_save(round=row, title=words(f"Project {number}"), cost=Money(cost), actor=None)
    return round_advance(round=row, verb="prepare_ballot", actor=None)


def voting_open(slug: str = "leith", **more: Any) -> Round:
    """The same, with voting open."""
    return round_advance(round=round_made(slug, **more), verb="open_voting", actor=None)


def by_email(address: str) -> Proof:
    return Proof((RollKey("email", address),), "E1")


def by_sign_in(person: str, address: str) -> Proof:
    return Proof((RollKey("person", person), RollKey("email", address)), "E3")


def canonical(round_id: UUID, *refs: str) -> bytes:
    box = box_of(round_id)
    return box.format.canonical(Ballot(box.format.key, tuple(refs)))


def vote(round_id: UUID, address: str, *refs: str, key: bytes = b"k" * 16, channel: str = "web") -> Any:
    """One voter from proof to receipt."""
    credential = roll_claim(round_id=round_id, proof=by_email(address))
    return cast_with(round_id, credential, *refs, key=key, channel=channel)


def cast_with(round_id: UUID, credential: Credential, *refs: str, key: bytes = b"k" * 16, channel: str = "web") -> Any:
    return ballot_cast(
        round_id=round_id,
        credential=credential,
        ballot=canonical(round_id, *refs),
        channel=channel,
        idempotency_key=key,
    )


def officers() -> tuple[Person, Person]:
    """Two people who may open the box."""
    made = []
    for name in ("first", "second"):
        person = person_know(issuer="https://id.example", subject=name, display_name=name)
        role_grant(person=person, role="officer", giver=None)
        made.append(person)
    return made[0], made[1]


def ballots_in(round_id: UUID, ballots: list[tuple[str, ...]], *, channel: str = "web") -> list[str]:
    """A ballot of a new voter for each choice, through the box; the receipts in that order."""
    box = box_of(round_id)
    people = [f"{secrets.token_hex(8)}@example.com" for _ in ballots]
    with transaction.atomic():
        entries = roll_import(round_id=round_id, namespace="email", values=people, rung="E1")
        canonicals = [canonical(round_id, *refs) for refs in ballots]
        keyed = [(entry, ballot, secrets.token_bytes(16)) for entry, ballot in zip(entries, canonicals, strict=True)]
        outcomes = ballots_put(box, keyed, channel=channel)
    return [outcome.receipt for outcome in outcomes if isinstance(outcome, CastOutcome)]


def closed(row: Round) -> Round:
    """Close, and two people's word that the box be opened: what officers do."""
    row = round_advance(round=row, verb="close_voting", actor=None)
    for person in officers():
        opening_approve(round=row, actor=person)
    return row


def counted(tenant: Any, row: Round) -> TallyRun:
    """The same, and the count as a worker does it. Call outside the tenant."""
    with in_tenant(tenant):
        closed(row)
    with in_tenant(tenant, role=Role.WORKER):
        return tally_run(round_id=row.id)


def by_force(tenant: Any, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """What somebody with the whole database in their hands could do: no role, no trigger, no constraint of ours."""
    database = str(connection.settings_dict["NAME"])
    with psycopg.connect(environment().admin_database_url, dbname=database, autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute(sql.SQL("SET search_path = {}").format(sql.Identifier(tenant.schema)))
        cursor = admin.execute(statement, values)
        return list(cursor.fetchall()) if cursor.description else []
