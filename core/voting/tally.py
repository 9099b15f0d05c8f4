"""Opening the box and counting it: boxes, ballots, profile, rule. Done twice; both must say the same."""

from __future__ import annotations

import secrets
from collections import Counter
from typing import Any
from uuid import UUID

from django.db import transaction
from pydantic import ValidationError

from core.audit.services import event_record
from core.counting import Tally, ballots_tally, digest_of, outcome_digest, tie_break_from
from core.kernel.crypto import box_open
from core.kernel.errors import CommontyError, Refused
from core.rounds.lifecycle import State
from core.rounds.models import Round
from core.voting.events import TallyFinished
from core.voting.keys import CountKeys, count_keys
from core.voting.models import FrozenOffer, OpenedBallot, Opening, RoundKeys, RoundSeal, SealedBallot, TallyRun
from core.voting.offer import offer_from
from core.voting.services import OPENERS_NEEDED
from plugins.api.values import Offer, Outcome, SubjectRef, TieBreak
from plugins.host.selectors import ballot_format, outcome_rule
from tenants.registry.context import current_tenant


class CountDiffers(CommontyError):
    """Two counts of the same ballots did not agree, or ballots are missing."""

    exit_code = 1


def tally_run(*, round_id: UUID) -> TallyRun:
    """Count a round whose box two people have agreed to open. A count that fails is recorded and may be run again.

    Raises Refused before two people have agreed, or when the round is not at its count.
    """
    round = Round.objects.get(pk=round_id)
    if round.state != State.COUNT.value or Opening.objects.filter(round=round).count() < OPENERS_NEEDED:
        raise Refused("Two people have to agree before the box is opened.", code="voting.not_opened")
    try:
        document, digest = _count(round)
    except (CommontyError, ValidationError) as error:
        run = TallyRun(round=round, state=TallyRun.State.FAILED, error=getattr(error, "code", type(error).__name__))
    else:
        run = TallyRun(round=round, state=TallyRun.State.DONE, document=document, digest=digest)
    with transaction.atomic():
        run.save(force_insert=True)
        event_record(
            TallyFinished(round=str(round.id), state=run.state, error=run.error),
            subject=SubjectRef("round", str(round.id)),
        )
    return run


def _count(round: Round) -> tuple[dict[str, Any], str]:
    frozen = FrozenOffer.objects.get(pk=round.pk)
    seal = RoundSeal.objects.get(pk=round.pk)
    offer = offer_from(frozen.body, frozen.digest)
    wrapped = RoundKeys.objects.values_list("count_wrapped", flat=True).get(pk=round.pk)
    keys = count_keys(current_tenant().uuid, round.id, bytes(wrapped))
    order = tie_break_from(keys.tie_seed, [project.ref for project in offer.projects])
    if order.commitment != frozen.body["ties"]["commitment"]:
        raise CountDiffers("The order of ties is not the one that was committed to.", code="tally.commitment")
    opened = _opened(round, seal, keys)
    tally, outcome = _decide(frozen.body, offer, opened, order)
    again, second = _decide(frozen.body, offer, opened, order)
    digest = digest_of([frozen.digest, seal.digest, tally.digest, outcome_digest(outcome)])
    if digest != digest_of([frozen.digest, seal.digest, again.digest, outcome_digest(second)]):
        raise CountDiffers("Two counts of the same ballots did not agree.", code="tally.differs")
    return _document(frozen, seal, offer, tally, outcome, order, keys, digest), digest


def _opened(round: Round, seal: RoundSeal, keys: CountKeys) -> Counter[bytes]:
    """The ballots in the clear, with how often each was cast: from an earlier count, or opened now and kept mixed."""
    kept = OpenedBallot.objects.filter(round=round).values_list("body", "times")
    ballots = Counter({bytes(body): times for body, times in kept})
    if not ballots:
        boxes = SealedBallot.objects.filter(round_id=round.id, box__isnull=False).values_list("box", flat=True)
        ballots = Counter(box_open(keys.box_private, bytes(box)) for box in boxes.iterator(chunk_size=2000) if box)
        rows = [OpenedBallot(round=round, body=body, times=times) for body, times in ballots.items()]
        secrets.SystemRandom().shuffle(rows)
        with transaction.atomic():
            OpenedBallot.objects.bulk_create(rows, batch_size=2000)
    if ballots.total() != seal.kept:
        raise CountDiffers("There are not as many ballots as were sealed.", code="tally.missing")
    return ballots


def _decide(body: dict[str, Any], offer: Offer, ballots: Counter[bytes], order: TieBreak) -> tuple[Tally, Outcome]:
    form, rule = ballot_format(body["ballot_format"]["key"]), outcome_rule(body["outcome_rule"]["key"])
    tally = ballots_tally(
        ballot_format=form,
        settings=form.Settings.model_validate(body["ballot_format"]["settings"]),
        offer=offer,
        ballots=ballots.elements(),
    )
    settings = rule.Settings.model_validate(body["outcome_rule"]["settings"])
    return tally, rule.decide(offer.instance(), tally.profile, settings, order)


def _document(
    frozen: FrozenOffer,
    seal: RoundSeal,
    offer: Offer,
    tally: Tally,
    outcome: Outcome,
    order: TieBreak,
    keys: CountKeys,
    digest: str,
) -> dict[str, Any]:
    places = {ref: place for place, ref in enumerate(outcome.allocation, start=1)}
    reasons = {step.project: step for step in outcome.steps if step.project}
    steps = [
        {"project": step.project, "funded": step.funded, "en": step.sentence.en, "gd": step.sentence.gd}
        for step in outcome.steps
    ]
    return {
        "version": 1,
        "round": frozen.body["round"]["id"],
        "ballot_format": frozen.body["ballot_format"],
        "outcome_rule": frozen.body["outcome_rule"],
        "budget": offer.budget.minor,
        "spent": outcome.spent,
        "remaining": outcome.remaining,
        "allocation": list(outcome.allocation),
        "projects": [
            {
                "ref": project.ref,
                "title": project.title.as_json(),
                "cost": project.cost.minor,
                "votes": tally.support[project.ref],
                "points": tally.points[project.ref],
                "funded": project.ref in places,
                "place": places.get(project.ref),
                "reason": {"en": reasons[project.ref].sentence.en, "gd": reasons[project.ref].sentence.gd}
                if project.ref in reasons
                else None,
            }
            for project in offer.projects
        ],
        "steps": steps,
        "ties": [{"projects": list(tie.projects), "chosen": tie.chosen, "at": tie.at} for tie in outcome.ties],
        "ballots": {"valid": tally.valid, "invalid": tally.invalid, "blank": tally.blank},
        "channels": seal.channels,
        "tie_break": {"order": list(order.order), "commitment": order.commitment, "seed": keys.tie_seed.hex()},
        "digests": {
            "offer": frozen.digest,
            "boxes": seal.digest,
            "log": seal.log_root,
            "profile": tally.digest,
            "outcome": outcome_digest(outcome),
            "result": digest,
        },
    }
