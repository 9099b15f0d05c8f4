"""The result as data: what was decided in each pot, for every project its numbers and its reason.

The numbers of a project depend on what voters gave: ticks are votes, points and scores are added up, places make
points and first choices, grades have a middle. `mark` and `figure` say which number the result stands on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.counting import Part, outcome_digest, together
from core.counting.tally import Tally
from plugins.api.profile import Profile
from plugins.api.text import Text
from plugins.api.values import BallotFamily, Mark, Offer, Outcome, ProjectRef, TieBreak
from plugins.host.registry import registry

VERSION = 2


@dataclass(frozen=True, slots=True)
class Marks:
    """What voters gave projects, and by which number those are compared: votes, points, first or middle."""

    mark: Mark
    figure: str
    grades: tuple[Text, ...] = ()
    """What the grades are called, the worst first."""


def marks_of(form: Any, offer: Offer, settings: Any, accepts: frozenset[BallotFamily]) -> Marks:
    """What a ballot of this format holds. Under a rule for orders alone first choices count, else points by place."""
    paper = form.paper(offer, settings)
    mark = Mark(paper.mark)
    if mark is Mark.GRADE:
        layout = paper.sections[0] if paper.sections else paper
        return Marks(mark, "middle", tuple(reversed(layout.heads)))
    if mark is Mark.PLACE:
        return Marks(mark, "first" if accepts == {BallotFamily.ORDINAL} else "points")
    return Marks(mark, "votes" if mark is Mark.TICK else "points")


@dataclass(frozen=True, slots=True)
class Count:
    """One count: all ballots, and for each part of the offer its own ballots and what was decided there."""

    tally: Tally
    parts: tuple[Part, ...]
    tallies: tuple[Tally, ...]
    outcomes: tuple[Outcome, ...]
    marks: Marks

    @property
    def outcome(self) -> Outcome:
        return together(self.outcomes)

    @property
    def digests(self) -> list[str]:
        """Of the ballots and of what was decided; where there are several parts, of the ballots of each too."""
        return [self.tally.digest, *(one.digest for one in self.tally.parts), outcome_digest(self.outcome)]


def _numbers(tally: Tally, marks: Marks) -> dict[ProjectRef, dict[str, Any]]:
    """Of each project how many gave it anything, what that adds up to, and what the kind of mark has besides."""
    profile = tally.profile
    found: dict[ProjectRef, dict[str, Any]] = {
        ref: {"votes": tally.support[ref], "points": tally.points[ref]} for ref in profile.refs
    }
    if marks.mark is Mark.PLACE:
        for ref, first in zip(profile.refs, _firsts(profile), strict=True):
            found[ref]["first"] = first
    if marks.mark is Mark.GRADE:
        for column, ref in enumerate(profile.refs):
            counts = _grades(profile, column, len(marks.grades))
            found[ref] |= {"grades": counts, "middle": _middle(counts)}
    return found


def _firsts(profile: Profile) -> list[int]:
    """How many voters put each project first: the one with most points on their ballot."""
    first = np.zeros(len(profile.refs), dtype=np.int64)
    for row in range(profile.distinct):
        piece = slice(int(profile.start[row]), int(profile.start[row + 1]))
        if piece.start < piece.stop:
            first[profile.columns[piece][int(np.argmax(profile.scores[piece]))]] += profile.multiplicity[row]
    return [int(value) for value in first]


def _grades(profile: Profile, column: int, grades: int) -> list[int]:
    """How many voters gave each grade, the worst first; who gave none gave the worst."""
    rows, scores = profile.supporters(column)
    counts = np.bincount(scores, weights=profile.multiplicity[rows], minlength=grades).astype(np.int64)
    counts[0] = profile.voters - int(counts[1:].sum())
    return [int(value) for value in counts]


def _middle(counts: list[int]) -> int:
    """The grade of the voter in the middle, the lower of two."""
    before = 0
    for grade, count in enumerate(counts):
        before += count
        if before >= (sum(counts) + 1) // 2 and before:
            return grade
    return 0


def document_of(body: Mapping[str, Any], offer: Offer, count: Count, order: TieBreak) -> dict[str, Any]:
    """The result without what proves it: the seal, the order of ties and the digests."""
    outcome, modules = count.outcome, registry().modules
    reasons = {step.project: step.sentence for step in outcome.steps if step.project}
    numbers: dict[ProjectRef, dict[str, Any]] = {}
    places: dict[ProjectRef, int] = {}
    pot_of: dict[ProjectRef, int] = {}
    for number, (part, tally, one) in enumerate(zip(count.parts, count.tallies, count.outcomes, strict=True)):
        numbers |= _numbers(tally, count.marks)
        places |= {ref: place for place, ref in enumerate(one.allocation, start=1)}
        pot_of |= dict.fromkeys(part.refs, number)
    return {
        "version": VERSION,
        "round": body["round"]["id"],
        "ballot_format": body["ballot_format"],
        "outcome_rule": body["outcome_rule"],
        "counted_with": {
            kind: modules[kind, body[kind]["key"]].plugin.version for kind in ("ballot_format", "outcome_rule")
        },
        "mark": count.marks.mark.value,
        "figure": count.marks.figure,
        "grades": [_words(grade) for grade in count.marks.grades],
        "budget": offer.budget.minor,
        "spent": outcome.spent,
        "remaining": outcome.remaining,
        "allocation": list(outcome.allocation),
        "reserve": list(outcome.reserve),
        "pots": [
            _pot(body, part, tally, one)
            for part, tally, one in zip(count.parts, count.tallies, count.outcomes, strict=True)
        ],
        "projects": [
            {
                "ref": project.ref,
                "title": project.title.as_json(),
                "cost": project.cost.minor,
                "pot": pot_of[project.ref],
                **numbers[project.ref],
                "funded": project.ref in places,
                "amount": outcome.amounts.get(project.ref, project.cost.minor) if project.ref in places else 0,
                "place": places.get(project.ref),
                "reason": _words(reasons[project.ref]) if project.ref in reasons else None,
            }
            for project in offer.projects
        ],
        "steps": [
            {"project": step.project, "funded": step.funded, **_words(step.sentence), "pot": number}
            for number, one in enumerate(count.outcomes)
            for step in one.steps
        ],
        "ties": [{"projects": list(tie.projects), "chosen": tie.chosen, "at": tie.at} for tie in outcome.ties],
        "ballots": {"valid": count.tally.valid, "invalid": count.tally.invalid, "blank": count.tally.blank},
    }


def _pot(body: Mapping[str, Any], part: Part, tally: Tally, outcome: Outcome) -> dict[str, Any]:
    split = any(pot.get("area", "") for pot in body["pots"])
    names = [pot["name"] for pot in body["pots"] if not split or pot.get("area", "") == part.area]
    return {
        "area": part.area,
        "names": names,
        "budget": part.instance.budget,
        "spent": outcome.spent,
        "remaining": outcome.remaining,
        "kept": [
            {"category": fence.category, "amount": fence.amount, "spent": spent}
            for fence, spent in zip(part.kept, part.spent(outcome), strict=True)
        ],
        "allocation": list(outcome.allocation),
        "reserve": list(outcome.reserve),
        "ballots": tally.valid,
        "ties": len(outcome.ties),
    }


def _words(text: Text) -> dict[str, str]:
    return {"en": text.en, "gd": text.gd}
