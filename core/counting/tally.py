"""Counting opened ballots by family. A plugin says what one ballot gives; adding up is ours alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.counting.digest import digest_of, profile_digest
from plugins.api.errors import BallotInvalid
from plugins.api.kinds import BallotFormat
from plugins.api.profile import Profile
from plugins.api.values import Offer, Outcome, ProjectRef


@dataclass(frozen=True)
class Tally:
    """The count before any rule decides. `valid` includes `blank`; `invalid` could not be read or broke a rule."""

    profile: Profile
    valid: int
    invalid: int
    blank: int
    support: Mapping[ProjectRef, int]
    points: Mapping[ProjectRef, int]
    digest: str


def ballots_tally(*, ballot_format: BallotFormat, settings: Any, offer: Offer, ballots: Iterable[bytes]) -> Tally:
    """Count canonical ballots. Each distinct ballot is read and checked once, however often it was cast."""
    columns = {project.ref: column for column, project in enumerate(offer.projects)}
    rows: Counter[tuple[tuple[int, int], ...]] = Counter()
    invalid = 0
    for data, times in Counter(ballots).items():
        try:
            ballot = ballot_format.parse(ballot_format.restore(data), offer, settings)
        except BallotInvalid:
            invalid += times
            continue
        scores = ballot_format.scores(ballot, offer)
        rows[tuple(sorted((columns[ref], score) for ref, score in scores.items() if score))] += times
    profile = Profile.build(ballot_format.family, columns, rows)
    return profile_tally(profile, invalid=invalid)


def profile_tally(profile: Profile, *, invalid: int = 0) -> Tally:
    """The totals of a profile that is already built."""
    blank = sum(
        int(times)
        for times, first, last in zip(profile.multiplicity, profile.start[:-1], profile.start[1:], strict=True)
        if first == last
    )
    return Tally(
        profile=profile,
        valid=profile.voters,
        invalid=invalid,
        blank=blank,
        support={ref: int(value) for ref, value in zip(profile.refs, profile.support, strict=True)},
        points={ref: int(value) for ref, value in zip(profile.refs, profile.points, strict=True)},
        digest=profile_digest(profile),
    )


def outcome_digest(outcome: Outcome) -> str:
    """What two runs of one count must agree on: every amount, step and tie."""
    # Named only where there are any, so that results of rules without them keep the digest they had.
    more: dict[str, Any] = {}
    if outcome.amounts:
        more["amounts"] = dict(outcome.amounts)
    if outcome.reserve:
        more["reserve"] = list(outcome.reserve)
    return digest_of(
        {
            **more,
            "allocation": list(outcome.allocation),
            "spent": outcome.spent,
            "remaining": outcome.remaining,
            "ties": [[list(tie.projects), tie.chosen, tie.at] for tie in outcome.ties],
            "steps": [[step.project, step.funded, step.sentence.en, step.sentence.gd] for step in outcome.steps],
        }
    )
