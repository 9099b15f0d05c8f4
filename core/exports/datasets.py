"""The published election of one round as tables: what was on the ballot, and every counted ballot without its voter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.kernel.errors import Refused
from core.rounds.models import Round
from core.voting.models import OpenedBallot
from core.voting.selectors import ResultView, result_of
from plugins.api import Ballot, BallotFamily, Column
from plugins.host.selectors import ballot_format
from tenants.registry.context import current_tenant

VOTE_TYPES = {
    BallotFamily.APPROVAL: "approval",
    BallotFamily.CARDINAL: "scoring",
    BallotFamily.CUMULATIVE: "cumulative",
    BallotFamily.ORDINAL: "ordinal",
}
PROJECTS = (
    Column("project_id", "the project's reference within the round"),
    Column("cost", "what it costs, in pounds", "pounds"),
    Column("name", "its title in English"),
    Column("name_gd", "its title in Gaelic, where there is one"),
    Column("votes", "ballots that support it; points where ballots hold points", "integer"),
    Column("selected", "1 where it was funded", "boolean"),
    Column("category", "its kind"),
    Column("neighborhood", "where it is"),
)
BALLOTS = (
    Column("voter_id", "a running number: it stands for nobody", "integer"),
    Column("vote", "the chosen projects, comma-separated"),
    Column("points", "their points in the same order, where ballots hold points"),
)


def pounds(pence: int) -> str:
    """An amount as Pabulib writes it: whole pounds where there are no pence."""
    whole, rest = divmod(pence, 100)
    return f"{whole}.{rest:02}" if rest else str(whole)


class Election:
    """A dataset of a round whose result is published. Raises Refused for any other."""

    name = "election"

    def __init__(self, round: Round) -> None:
        view = result_of(round)
        if view is None:
            raise Refused(
                "The result of this round is not published, so its ballots do not leave.",
                code="export.not_published",
                remedy="Publish the result first.",
            )
        self.round = round
        self.view: ResultView = view
        self.format = ballot_format(view.format_key)

    @property
    def facts(self) -> Mapping[str, Any]:
        round, view = self.round, self.view
        return {
            "description": round.name.en,
            "country": "Scotland",
            "unit": current_tenant().name.en,
            "subunit": round.area_name,
            "instance": round.slug,
            "num_projects": len(view.offer.projects),
            "num_votes": view.ballots,
            "budget": pounds(view.offer.budget.minor),
            "vote_type": VOTE_TYPES[self.format.family],
            "rule": view.rule_key,
            "date_begin": f"{round.ballot_opens_at:%d.%m.%Y}" if round.ballot_opens_at else "",
            "date_end": f"{round.ballot_closes_at:%d.%m.%Y}" if round.ballot_closes_at else "",
            "currency": view.offer.budget.currency,
            "language": "en",
            "edition": f"{view.published_at:%Y-%m-%d}",
        }

    def tables(self) -> Sequence[str]:
        return ("projects", "ballots")

    def columns(self, table: str) -> Sequence[Column]:
        return {"projects": PROJECTS, "ballots": BALLOTS}[table]

    def rows(self, table: str) -> Iterator[Mapping[str, Any]]:
        return self._projects() if table == "projects" else self._ballots()

    def _projects(self) -> Iterator[Mapping[str, Any]]:
        funded = set(self.view.outcome.allocation)
        for project in self.view.offer.projects:
            yield {
                "project_id": project.ref,
                "cost": pounds(project.cost.minor),
                "name": project.title.en,
                "name_gd": project.title.gd,
                "votes": self.view.votes.get(project.ref, 0),
                "selected": int(project.ref in funded),
                "category": ",".join(project.categories),
                "neighborhood": project.area,
            }

    def _ballots(self) -> Iterator[Mapping[str, Any]]:
        """Distinct ballots in the order in which they were kept, which was drawn by chance."""
        number = 0
        ballots = OpenedBallot.objects.filter(round=self.round).order_by("id").values_list("body", "times")
        for body, times in ballots.iterator(chunk_size=2000):
            vote, points = _written(self.format.restore(bytes(body)))
            for _ in range(times):
                number += 1
                yield {"voter_id": number, "vote": vote, "points": points}


def _written(ballot: Ballot) -> tuple[str, str]:
    return ",".join(ballot.choices), ",".join(str(one) for one in ballot.points)
