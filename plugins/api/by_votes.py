"""A base for rules by votes: most votes or points first, as long as the money lasts.

Votes of the projects of an area can weigh more or less, where a round has declared so beforehand; the votes as they
were cast and as they weigh are both told.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from plugins.api.kinds import OutcomeRule
from plugins.api.profile import Profile
from plugins.api.spending import Spending, SpendingSettings, Standing, filled, joined, spending_problems
from plugins.api.text import Text
from plugins.api.values import BallotFamily, Candidate, Instance, Outcome, Problem, TieBreak

VOTES = Text("votes {points}", "bhòtaichean {points}")
POINTS = Text("points {points}", "puingean {points}")
WEIGHED = Text(
    ", which weigh {weighed} at {percent} %",
    ", leis a’ chuideam {weighed} aig {percent} %",
)
TOO_FEW = Text(
    "Not funded: {standing}. At least {minimum} were needed.",
    "Cha deach a mhaoineachadh: {standing}. Bha feum air co-dhiù {minimum}.",
)
NO_SUCH_AREA = Text(
    "A weight is set for the area {area}, but no project is there. Check how it is written.",
    "Tha cuideam air a shuidheachadh airson na sgìre {area}, ach chan eil pròiseact sam bith innte. Thoir sùil air mar "
    "a tha i sgrìobhte.",
)


class AreaWeight(BaseModel):
    """How much votes for projects of an area weigh; 100 is as much as others."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    area: str = Field(min_length=1, max_length=200, title="Area")
    percent: int = Field(ge=1, le=10_000, title="Weight in percent (100: like everywhere)")


class ByVotesSettings(SpendingSettings):
    """Projects with fewer than `minimum_points` are set aside; with 1, a project without a vote is not funded."""

    minimum_points: int = Field(default=1, ge=0, title="Fewest votes or points a funded project needs")
    area_weights: tuple[AreaWeight, ...] = Field(default=(), title="Areas whose votes weigh more or less")

    def percent(self, candidate: Candidate) -> int:
        return next((one.percent for one in self.area_weights if one.area == candidate.area), 100)


def hundredths(number: int) -> str:
    """A count of hundredths as people write it: 1,234 or 1,234.5."""
    whole, rest = divmod(number, 100)
    return f"{whole:,}" + (f".{rest:02}".rstrip("0") if rest else "")


def sum_said(profile: Profile, points: int) -> Text:
    """What was added up for a project: ticks are votes; scores, grades and places are points."""
    return (VOTES if profile.family is BallotFamily.APPROVAL else POINTS).format(points=f"{points:,}")


def standings_by_votes(instance: Instance, profile: Profile, settings: ByVotesSettings) -> list[Standing]:
    """Each project with its votes, or points where ballots have them."""
    points = profile.points_of()
    found = []
    for candidate in instance.candidates:
        votes = points.get(candidate.ref, 0)
        percent = settings.percent(candidate)
        facts: dict[str, Any] = {"votes": votes}
        said = sum_said(profile, votes)
        if percent != 100:
            facts |= {"percent": percent, "weighed_hundredths": votes * percent}
            said = joined(said, WEIGHED.format(weighed=hundredths(votes * percent), percent=percent))
        refused = None
        if votes < settings.minimum_points:
            refused = filled(TOO_FEW, said, minimum=f"{settings.minimum_points:,}")
        found.append(Standing(candidate, votes * percent, said, refused, facts))
    return found


class ByVotes(OutcomeRule):
    """What rules by votes share; `stops` ends the count at the first project the money left cannot pay."""

    accepts = frozenset(BallotFamily)
    Settings: ClassVar[type[BaseModel]] = ByVotesSettings
    stops: ClassVar[bool] = False

    def check(self, instance: Instance, settings: Any) -> list[Problem]:
        problems = spending_problems(instance, settings)
        areas = {candidate.area for candidate in instance.candidates}
        for one in settings.area_weights:
            if one.area not in areas:
                problems.append(Problem("outcome.no_such_area", NO_SUCH_AREA.format(area=one.area), "area_weights"))
        return problems

    def least(self, candidate: Candidate, settings: Any) -> int:
        """With how much a project could begin: with no less than its cost, unless the rule funds in part."""
        return candidate.cost

    def decide(
        self,
        instance: Instance,
        profile: Profile,
        settings: Any,
        tie_break: TieBreak,
        inner: Callable[[Instance], Outcome] | None = None,
    ) -> Outcome:
        spending = Spending(
            instance,
            settings,
            tie_break,
            stops=self.stops,
            least=lambda candidate: self.least(candidate, settings),
        )
        return spending.decide(standings_by_votes(instance, profile, settings))
