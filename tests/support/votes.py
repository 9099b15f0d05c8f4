"""A round with voting open, and voters for it, for tests of the ballot box."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from core.kernel.clock import database_now
from core.people.models import Person
from core.people.services import person_know, role_grant
from core.proposals.services import proposal_save
from core.rounds.models import Round
from core.rounds.services import fund_source_add, round_advance, round_create, rules_set
from core.voting.box import box_of
from core.voting.services import Credential, ballot_cast, roll_claim
from plugins.api.money import Money
from plugins.api.text import LocalisedText
from plugins.api.values import Ballot, Proof, RollKey

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
        ballot_format="approval",
        ballot_settings={"maximum": 3},
        outcome_rule=more.pop("rule", "greedy-skip"),
        outcome_settings={},
        actor=None,
    )
    for number, cost in enumerate(COSTS, start=1):
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
    return box.format.canonical(Ballot("approval", tuple(refs)))


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
