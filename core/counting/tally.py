"""Counting opened ballots by family. A plugin says what one ballot gives; adding up is ours alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.counting.digest import digest_of, profile_digest
from plugins.api.errors import BallotInvalid
from plugins.api.kinds import BallotFormat
from plugins.api.profile import Profile
from plugins.api.values import Offer, Outcome, ProjectRef

Row = tuple[tuple[int, int], ...]


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
    parts: tuple[Tally, ...] = ()
    """The count of each part of the ballot that was asked for, by its own projects and voters."""


def ballots_tally(
    *,
    ballot_format: BallotFormat,
    settings: Any,
    offer: Offer,
    ballots: Iterable[bytes],
    parts: Sequence[Sequence[ProjectRef]] = (),
) -> Tally:
    """Count canonical ballots. Each distinct ballot is read and checked once, however often it was cast.

    In a part those count who marked one of its projects, were it with the worst grade or a score of nothing. Whoever
    marked none of them left that part empty, and is no voter there.
    """
    columns = {project.ref: column for column, project in enumerate(offer.projects)}
    rows: Counter[Row] = Counter()
    inside: list[Counter[Row]] = [Counter() for _ in parts]
    own = [{ref: column for column, ref in enumerate(refs)} for refs in parts]
    invalid = 0
    for data, times in Counter(ballots).items():
        try:
            ballot = ballot_format.parse(ballot_format.restore(data), offer, settings)
        except BallotInvalid:
            invalid += times
            continue
        scores = ballot_format.scores(ballot, offer)
        rows[_row(columns, scores)] += times
        for part, refs in zip(inside, own, strict=True):
            if any(ref in refs for ref in ballot.choices):
                part[_row(refs, scores)] += times
    family = ballot_format.family
    counted = profile_tally(Profile.build(family, columns, rows), invalid=invalid)
    if not parts:
        return counted
    return replace(
        counted,
        parts=tuple(profile_tally(Profile.build(family, refs, part)) for refs, part in zip(own, inside, strict=True)),
    )


def _row(columns: Mapping[ProjectRef, int], scores: Mapping[ProjectRef, int]) -> Row:
    return tuple(sorted((columns[ref], score) for ref, score in scores.items() if score and ref in columns))


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
