"""Opening the box and counting it: boxes, ballots, profile, rule. Done twice; both must say the same.

Before anything is counted, everything that was published is found again: the offer that was frozen, the order of ties
that was committed to, and the set of boxes at the close, down to the last digest.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from functools import cache
from typing import Any, cast
from uuid import UUID

from django.db import connection, transaction
from pydantic import ValidationError

from core.audit.models import AuditEvent
from core.audit.services import event_record
from core.counting import ballots_tally, digest_of, outcome_digest, parts_decided, tie_break_from
from core.counting.tally import Tally
from core.kernel.crypto import box_open
from core.kernel.errors import CommontyError, Refused
from core.rounds.lifecycle import State
from core.rounds.models import Round
from core.voting.document import Count, document_of, marks_of
from core.voting.events import BoxSealed, OfferFrozen, TallyFinished
from core.voting.keys import CountKeys, count_keys
from core.voting.models import BallotGate, FrozenOffer, OpenedBallot, Opening, RoundSeal, SealedBallot, TallyRun
from core.voting.offer import digest_of_body, offer_from, parts_in
from core.voting.services import OPENERS_NEEDED
from plugins.api.kinds import BallotFormat
from plugins.api.values import Offer, SubjectRef, TieBreak
from plugins.host.selectors import module, outcome_rule
from plugins.host.settings import pinned_settings
from tenants.registry.context import current_tenant

TALLY_LOCK = 0x54414C59
BOXES_AT_ONCE = 2000
KEEP_OPENED = (
    f"INSERT INTO {OpenedBallot._meta.db_table} (id, round_id, body, times)"  # noqa: S608
    " SELECT gen_random_uuid(), %s, m.body, m.times FROM unnest(%s::bytea[], %s::integer[]) AS m (body, times)"
    " ORDER BY gen_random_uuid()"
)


class CountDiffers(CommontyError):
    """Two counts did not agree, or what is counted is not what was published when voting opened and closed."""

    exit_code = 1


def tally_run(*, round_id: UUID) -> TallyRun:
    """Count a round whose box two people have agreed to open, unless it is counted already.

    A count that fails is recorded and may be run again.

    Raises Refused before two people have agreed, or when the round is not at its count.
    """
    round = Round.objects.get(pk=round_id)
    if round.state != State.COUNT.value or Opening.objects.filter(round=round).count() < OPENERS_NEEDED:
        raise Refused("Two people have to agree before the box is opened.", code="voting.not_opened")
    with transaction.atomic():
        gate = BallotGate.objects.get(pk=round.pk)
        with connection.cursor() as cursor:
            # Two workers with one count would each keep the opened ballots.
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [TALLY_LOCK, gate.lock_round])
        done = TallyRun.objects.filter(round=round, state=TallyRun.State.DONE).first()
        if done is not None:
            return done
        try:
            with transaction.atomic():
                document, digest = _count(round)
        except (CommontyError, ValidationError) as error:
            run = TallyRun(round=round, state=TallyRun.State.FAILED, error=getattr(error, "code", type(error).__name__))
        else:
            run = TallyRun(round=round, state=TallyRun.State.DONE, document=document, digest=digest)
        run.save(force_insert=True)
        event_record(
            TallyFinished(round=str(round.id), state=run.state, error=run.error),
            subject=SubjectRef("round", str(round.id)),
        )
    return run


def _count(round: Round) -> tuple[dict[str, Any], str]:
    frozen = FrozenOffer.objects.get(pk=round.pk)
    seal = RoundSeal.objects.get(pk=round.pk)
    _published(round, frozen, seal)
    offer = offer_from(frozen.body, frozen.digest)
    with connection.cursor() as cursor:
        cursor.execute("SELECT voting_count_key(%s)", [round.id])
        wrapped = bytes(cursor.fetchone()[0])
    keys = count_keys(current_tenant().uuid, round.id, wrapped)
    order = tie_break_from(keys.tie_seed, [project.ref for project in offer.projects])
    if order.commitment != frozen.body["ties"]["commitment"]:
        raise CountDiffers("The order of ties is not the one that was committed to.", code="tally.commitment")
    opened = _opened(round, seal, keys)
    count, again = (_decide(frozen.body, offer, opened, order) for _ in range(2))
    digest = digest_of([frozen.digest, seal.digest, *count.digests])
    if digest != digest_of([frozen.digest, seal.digest, *again.digests]):
        raise CountDiffers("Two counts of the same ballots did not agree.", code="tally.differs")
    return document_of(frozen.body, offer, count, order) | {
        "channels": seal.channels,
        "tie_break": {"order": list(order.order), "commitment": order.commitment, "seed": keys.tie_seed.hex()},
        "digests": {
            "offer": frozen.digest,
            "boxes": seal.digest,
            "log": seal.log_root,
            "profile": count.tally.digest,
            "outcome": outcome_digest(count.outcome),
            "result": digest,
        },
    }, digest


def _published(round: Round, frozen: FrozenOffer, seal: RoundSeal) -> None:
    """The offer and the seal are those of the record. Raises CountDiffers."""
    facts = AuditEvent.objects.filter(
        subject=f"round:{round.id}", kind__in=[OfferFrozen.kind, BoxSealed.kind]
    ).values_list("kind", "body")
    said = {kind: (body.get("offer_digest"), body.get("digests"), body.get("log_root")) for kind, body in facts}
    if digest_of_body(frozen.body) != frozen.digest or said.get(OfferFrozen.kind, ("",))[0] != frozen.digest:
        raise CountDiffers("The offer is not the one that was frozen.", code="tally.offer")
    if said.get(BoxSealed.kind, ("", "", ""))[1:] != (seal.digest, seal.log_root):
        raise CountDiffers("The seal is not the one that was recorded at the close.", code="tally.seal")


def _opened(round: Round, seal: RoundSeal, keys: CountKeys) -> Counter[bytes]:
    """The ballots in the clear, with how often each was cast: opened now, and kept mixed the first time.

    Raises CountDiffers where the boxes are not those whose digests were published at the close.
    """
    digests: list[bytes] = []
    ballots: Counter[bytes] = Counter()
    rows = SealedBallot.objects.filter(round_id=round.id).values_list("digest", "box")
    for digest, box in rows.iterator(chunk_size=BOXES_AT_ONCE):
        digests.append(bytes(digest))
        if box is None:
            continue
        if hashlib.sha256(box).digest() != digests[-1]:
            raise CountDiffers("A box was changed after the close.", code="tally.box_changed")
        ballots[box_open(keys.box_private, bytes(box))] += 1
    if hashlib.sha256(b"".join(sorted(digests))).hexdigest() != seal.digest:
        raise CountDiffers("The boxes are not those that were sealed.", code="tally.boxes")
    if ballots.total() != seal.kept:
        raise CountDiffers("There are not as many ballots as were sealed.", code="tally.missing")
    before = {
        bytes(body): times for body, times in OpenedBallot.objects.filter(round=round).values_list("body", "times")
    }
    if not before:
        with connection.cursor() as cursor:
            cursor.execute(KEEP_OPENED, [round.id, list(ballots), list(ballots.values())])
    elif before != ballots:
        raise CountDiffers("The opened ballots are not those of an earlier count.", code="tally.opened")
    return ballots


def _decide(body: dict[str, Any], offer: Offer, ballots: Counter[bytes], order: TieBreak) -> Count:
    form = module("ballot_format", body["ballot_format"]["key"])
    form_settings = pinned_settings("ballot_format", body["ballot_format"])
    parts = parts_in(body, offer, cast(BallotFormat, form))
    apart = [part.refs for part in parts] if len(parts) > 1 else []

    def counted(near: BallotFormat) -> Tally:
        return ballots_tally(
            ballot_format=near, settings=form_settings, offer=offer, ballots=ballots.elements(), parts=apart
        )

    tally = form.together(counted)
    tallies = tally.parts or (tally,)
    # A rule decides in a process of its own, where no rule can be looked up; those it wraps are known by then.
    found = cache(outcome_rule)
    rule = found(body["outcome_rule"]["key"])
    settings = pinned_settings("outcome_rule", body["outcome_rule"])
    outcomes = parts_decided(found, rule, settings, parts, tallies, order)
    marks = marks_of(form, offer, form_settings, rule.accepts)
    return Count(tally, tuple(parts), tallies, tuple(outcomes), marks)
