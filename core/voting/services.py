"""Writes of the vote: a place on the roll, a ballot, two people's word to open, and what is published."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from core.audit.services import event_record
from core.kernel.errors import Invalid, Refused
from core.kernel.jobs import Job, Queue, job_port
from core.people.models import Person
from core.rounds.lifecycle import State
from core.rounds.models import Round
from core.voting.access import may_count, may_open
from core.voting.box import Box, CastOutcome, ballot_put, box_of
from core.voting.events import OpeningApproved, ResultPublished
from core.voting.models import Ballot, Opening, Result, RollEntry, RollKey, RoundSeal, TallyRun
from plugins.api.errors import BallotInvalid
from plugins.api.values import Proof, SubjectRef
from plugins.host.registry import registry
from tenants.registry.context import current_tenant

TALLY_JOB = Job("voting.tally", Queue.TALLIES)
OPENERS_NEEDED = 2
KEY_SIZES = range(8, 65)
ROLL_ENTRIES = f"INSERT INTO {RollEntry._meta.db_table} (round_id, rung, id) SELECT %s, %s, unnest(%s::uuid[])"
ROLL_KEYS = (
    f"INSERT INTO {RollKey._meta.db_table} (round_id, namespace, value_mac, entry_id)"  # noqa: S608
    " SELECT %s, %s, m.value_mac, m.entry_id FROM unnest(%s::bytea[], %s::uuid[]) AS m (value_mac, entry_id)"
)


@dataclass(frozen=True, slots=True)
class Credential:
    """A right to vote in one round that was proved: the entry on its roll. Travels encrypted."""

    round_id: UUID
    entry: UUID


# -- the roll ---------------------------------------------------------------------------------------------------------


def shared_namespaces(proofs: list[str]) -> frozenset[str]:
    """What every proof of a round can know a person by; without one, two doors could give two ballots."""
    modules = registry().modules
    known: list[frozenset[str]] = []
    for key in proofs:
        found = modules.get(("eligibility_proof", key))
        known.append(frozenset(getattr(found.module, "namespaces", ())) if found else frozenset())
    return frozenset.intersection(*known) if known else frozenset()


def roll_claim(*, round_id: UUID, proof: Proof) -> Credential:
    """The entry of the person this proof is about, made when none of its keys is known.

    Any key that is known leads to its entry. Raises Refused where the proof lacks the key by which the round's other
    ways of proving would find the same person, and NotFound before voting has opened.
    """
    box = box_of(round_id)
    shared = shared_namespaces(list(Round.objects.values_list("proofs", flat=True).get(pk=round_id)))
    if not proof.roll_keys or (shared and not shared & {key.namespace for key in proof.roll_keys}):
        raise Refused(
            _("This way of proving who you are did not tell us enough to make sure that nobody votes twice."),
            code="voting.key_missing",
            remedy=_("Prove it another way."),
        )
    keys = sorted({(key.namespace, box.keys.roll_mac(key.namespace, key.value)) for key in proof.roll_keys})
    with transaction.atomic():
        entry = _known_entry(box, keys)
        if entry is None:
            try:
                with transaction.atomic():
                    entry = uuid4()
                    RollEntry(round_id=round_id, id=entry, rung=proof.rung).save(force_insert=True)
                    _keys_add(round_id, entry, keys, strict=True)
            except IntegrityError:
                # Somebody proved the same key at this moment: theirs is the entry.
                entry = _known_entry(box, keys)
        if entry is None:
            raise Refused(_("Try once more."), code="voting.roll_busy")
        _keys_add(round_id, entry, keys, strict=False)
    return Credential(round_id, entry)


def roll_import(*, round_id: UUID, namespace: str, values: Sequence[str], rung: str) -> list[UUID]:
    """A new entry for each of these people, in their order: for a roll that somebody else has kept.

    Raises Refused, with nothing written, where one of them stands twice or is on the roll already.
    """
    box = box_of(round_id)
    entries = [uuid4() for _value in values]
    marks = [box.keys.roll_mac(namespace, value) for value in values]
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(ROLL_ENTRIES, [round_id, rung, entries])
            cursor.execute(ROLL_KEYS, [round_id, namespace, marks, entries])
    except IntegrityError as error:
        raise Refused("Somebody stands on this roll twice.", code="voting.roll_twice") from error
    return entries


def _known_entry(box: Box, keys: list[tuple[str, bytes]]) -> UUID | None:
    """The entry behind any of the keys. Where they lead to several, the one that has voted comes first."""
    found: set[UUID] = set()
    for namespace, value in keys:
        rows = RollKey.objects.filter(round_id=box.round_id, namespace=namespace, value_mac=value)
        found.update(rows.values_list("entry_id", flat=True))
    if len(found) < 2:
        return next(iter(found), None)

    def place(entry: UUID) -> tuple[bool, str]:
        voted = Ballot.objects.filter(round_id=box.round_id, pseudonym=box.keys.pseudonym_of(entry))
        return not voted.values_list("revision").exists(), str(entry)

    return min(found, key=place)


def _keys_add(round_id: UUID, entry: UUID, keys: list[tuple[str, bytes]], *, strict: bool) -> None:
    rows = [RollKey(round_id=round_id, namespace=name, value_mac=value, entry_id=entry) for name, value in keys]
    RollKey.objects.bulk_create(rows, ignore_conflicts=not strict)


# -- the ballot -------------------------------------------------------------------------------------------------------


def ballot_cast(
    *, round_id: UUID, credential: Credential, ballot: bytes, channel: str, idempotency_key: bytes
) -> CastOutcome:
    """Put a canonical ballot into the box.

    The same key and ballot give the same receipt for as long as the round's keys stand, after the close too. Raises
    Invalid with the problems of the ballot, or Refused:
    `voting.closed`, `voting.not_open`, `voting.key_reused`, `voting.already_voted`, `voting.foreign_credential`.
    """
    box = box_of(round_id)
    with _rules_kept():
        restored = box.format.restore(ballot)
    return ballot_take(box, credential=credential, raw=restored, channel=channel, idempotency_key=idempotency_key)


def ballot_take(box: Box, *, credential: Credential, raw: Any, channel: str, idempotency_key: bytes) -> CastOutcome:
    """The same for a posted form or a ballot, with the box at hand: every check, then one statement."""
    if credential.round_id != box.round_id:
        raise Refused(_("Your proof is for another round."), code="voting.foreign_credential")
    if len(idempotency_key) not in KEY_SIZES:
        raise Invalid(_("This form was not made by us. Go back and start from the page."), code="voting.key")
    with _rules_kept():
        checked = box.format.canonical(box.ballot_of(raw))
    return ballot_put(box, entry=credential.entry, ballot=checked, channel=channel, key=idempotency_key)


@contextmanager
def _rules_kept() -> Iterator[None]:
    try:
        yield
    except BallotInvalid as error:
        raise Invalid(
            _("This ballot does not keep the rules of the round."), code="voting.ballot", problems=error.problems
        ) from error


# -- opening and result -----------------------------------------------------------------------------------------------


def opening_approve(*, round: Round, actor: Person) -> int:
    """Record that this person wants the box opened; with the second, the count is asked for. Returns how many agreed.

    Raises Refused for a person without the right, before the seal, and for a second word of the same person.
    """
    with transaction.atomic():
        locked = Round.objects.select_for_update().get(pk=round.pk)
        if not may_open(actor, locked):
            raise Refused(_("You do not hold a role that may do this."), code="voting.not_allowed")
        if locked.state != State.COUNT.value or not RoundSeal.objects.filter(pk=locked.pk).exists():
            raise Refused(
                _("The box can be opened once voting is closed and the box is sealed."),
                code="voting.not_sealed",
                remedy=_("Close voting first."),
            )
        if Opening.objects.filter(round=locked, person=actor).exists():
            raise Refused(
                _("You have agreed already. A second person has to agree too."), code="voting.second_person_needed"
            )
        if Opening.objects.filter(round=locked).count() >= OPENERS_NEEDED:
            raise Refused(_("Two people have agreed already."), code="voting.opened_already")
        Opening.objects.create(round=locked, person=actor)
        agreed = Opening.objects.filter(round=locked).count()
        event_record(
            OpeningApproved(round=str(locked.id), approvals=agreed),
            actor=actor,
            subject=SubjectRef("round", str(locked.id)),
        )
        if agreed == OPENERS_NEEDED:
            tally_request(round=locked)
    return agreed


def tally_request(*, round: Round, actor: Person | None = None) -> None:
    """Have the count done by a worker, in its own queue; also again after a failure. Raises Refused."""
    if actor is not None and not may_count(actor, round):
        raise Refused(_("You do not hold a role that may do this."), code="voting.not_allowed")
    with transaction.atomic():
        if Opening.objects.filter(round=round).count() < OPENERS_NEEDED:
            raise Refused(
                _("Two people have to agree before the box is opened."),
                code="voting.not_opened",
                remedy=_("Ask a second officer to agree."),
            )
        job_port().send(TALLY_JOB, tenant=current_tenant().uuid, payload={"round": str(round.id)})


def result_publish(*, round: Round, actor: Person | None) -> Result:
    """Publish what the last good count says. Called by the transition `publish_result`, in its transaction."""
    run = TallyRun.objects.filter(round=round, state=TallyRun.State.DONE).order_by("-finished_at").first()
    if run is None or run.document is None:
        raise Refused(_("There is no count to publish yet."), code="voting.not_counted")
    with transaction.atomic():
        row = Result(round=round, document=run.document, digest=run.digest)
        row.save(force_insert=True)
        event_record(
            ResultPublished(round=str(round.id), digest=run.digest),
            actor=actor,
            subject=SubjectRef("round", str(round.id)),
        )
    return row
