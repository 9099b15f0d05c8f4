"""What happens to the ballot box when a round moves: freeze and open, suspend and resume, close and seal, publish."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from core.audit.services import event_record
from core.counting.merkle import root_of
from core.counting.tie_break import commitment_of
from core.kernel.errors import Refused
from core.rounds.lifecycle import GuardFailure
from core.rounds.models import Round
from core.voting.events import BoxSealed, OfferFrozen
from core.voting.keys import cast_keys, keys_make
from core.voting.log import log_write
from core.voting.models import BallotGate, FrozenOffer, RoundKeys, RoundSeal, TallyRun
from core.voting.offer import body_of, digest_of_body
from core.voting.services import result_publish
from plugins.api.text import Text
from plugins.api.values import SubjectRef
from tenants.registry.context import current_tenant

MODULE = "voting"
NOT_COUNTED = Text("The ballots have not been counted.", "Cha deach na bhòtaichean a chunntadh.")
OPEN_AND_COUNT = Text(
    "Let two people open the box, and wait for the count to finish.",
    "Leig le dithis am bogsa fhosgladh agus fuirich gus am bi an cunntadh deiseil.",
)


def _lock_key(data: bytes) -> int:
    """A signed 32-bit number for an advisory lock. Two rounds with the same one only wait for each other."""
    return int.from_bytes(hashlib.sha256(data).digest()[:4], "big", signed=True)


class VotingOpens:
    """Freeze the offer, make the keys, commit to the order of ties, make the partitions, open the gate."""

    name = MODULE
    verbs = frozenset({"open_voting"})

    def guards(self, round: Round) -> Sequence[GuardFailure]:
        return []

    def effect(self, round: Round, actor: Any) -> None:
        opens, closes = round.ballot_opens_at, round.ballot_closes_at
        if opens is None or closes is None:
            raise Refused("The round has no dates.", code="voting.no_dates")
        tenant = current_tenant()
        keys = keys_make(tenant.uuid, round.id)
        commitment = commitment_of(keys.tie_seed)
        body = body_of(round, commitment=commitment)
        frozen = digest_of_body(body)
        FrozenOffer(round=round, body=body, digest=frozen).save(force_insert=True)
        RoundKeys(
            round=round,
            box_public=keys.box_public,
            cast_wrapped=keys.cast_wrapped,
            count_wrapped=keys.count_wrapped,
        ).save(force_insert=True)
        BallotGate(
            round=round,
            lock_tenant=_lock_key(tenant.uuid.bytes),
            lock_round=_lock_key(round.id.bytes),
            opens_at=opens,
            closes_at=closes,
            revisable=round.revisable,
        ).save(force_insert=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT voting_partitions_create(%s)", [round.id])
        event_record(
            OfferFrozen(round=str(round.id), offer_digest=frozen, tie_commitment=commitment),
            actor=actor,
            subject=SubjectRef("round", str(round.id)),
        )


def _gate_locked(round: Round) -> BallotGate:
    """The gate under the exclusive lock: every cast that had begun is in, and none begins before we commit."""
    gate = BallotGate.objects.get(pk=round.pk)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [gate.lock_tenant, gate.lock_round])
    return gate


class VotingPauses:
    """Shut the gate while a round is suspended, and open it when it goes on."""

    name = MODULE
    verbs = frozenset({"suspend"})
    is_open = False

    def guards(self, round: Round) -> Sequence[GuardFailure]:
        return []

    def effect(self, round: Round, actor: Any) -> None:
        _gate_locked(round)
        BallotGate.objects.filter(pk=round.pk).update(is_open=self.is_open)


class VotingGoesOn(VotingPauses):
    verbs = frozenset({"resume"})
    is_open = True


class VotingCloses:
    """Shut the gate and seal the box: the set of digests is fixed before anything can be opened."""

    name = MODULE
    verbs = frozenset({"close_voting"})

    def guards(self, round: Round) -> Sequence[GuardFailure]:
        return []

    def effect(self, round: Round, actor: Any) -> None:
        _gate_locked(round)
        BallotGate.objects.filter(pk=round.pk).update(is_open=False, closed_at=Now())
        box_seal_up(round=round, actor=actor)


@transaction.atomic
def box_seal_up(*, round: Round, actor: Any) -> RoundSeal:
    """Finish the log, copy what counts in random order, drop the open tables, publish the digests."""
    wrapped = RoundKeys.objects.values_list("cast_wrapped", flat=True).get(pk=round.pk)
    log_write(round.id, cast_keys(current_tenant().uuid, round.id, bytes(wrapped)), limit=None)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT boxes, kept, receipts, entries, channels::text, digests, leaves FROM voting_seal(%s)", [round.id]
        )
        boxes, kept, receipts, entries, channels, digests, leaves = cursor.fetchone()
    digests, leaves = bytes(digests), bytes(leaves)
    row = RoundSeal(
        round=round,
        boxes=boxes,
        kept=kept,
        receipts=receipts,
        entries=entries,
        channels=json.loads(channels),
        digests=digests,
        digest=hashlib.sha256(digests).hexdigest(),
        log_root=root_of([leaves[start : start + 32] for start in range(0, len(leaves), 32)]).hex(),
    )
    row.save(force_insert=True)
    event_record(
        BoxSealed(round=str(round.id), digests=row.digest, log_root=row.log_root),
        actor=actor,
        subject=SubjectRef("round", str(round.id)),
    )
    return row


class VotingEnds:
    """A cancelled round's box is shut and sealed, so that no link to anybody stays, and is never opened."""

    name = MODULE
    verbs = frozenset({"cancel"})

    def guards(self, round: Round) -> Sequence[GuardFailure]:
        return []

    def effect(self, round: Round, actor: Any) -> None:
        if BallotGate.objects.filter(pk=round.pk).exists():
            VotingCloses().effect(round, actor)


class ResultGoesOut:
    """Publish the last good count."""

    name = MODULE
    verbs = frozenset({"publish_result"})

    def guards(self, round: Round) -> Sequence[GuardFailure]:
        if TallyRun.objects.filter(round=round, state=TallyRun.State.DONE).exists():
            return []
        return [GuardFailure("voting.not_counted", NOT_COUNTED, OPEN_AND_COUNT)]

    def effect(self, round: Round, actor: Any) -> None:
        result_publish(round=round, actor=actor)


PARTS = (VotingOpens(), VotingPauses(), VotingGoesOn(), VotingCloses(), VotingEnds(), ResultGoesOut())
