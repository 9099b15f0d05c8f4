"""The single transferable vote: the rules of Scotland's council elections, for projects, with costs and without."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from plugins.api.kinds import OutcomeRule
from plugins.api.profile import Profile
from plugins.api.spending import pot_problems
from plugins.api.text import Text
from plugins.api.values import BallotFamily, Instance, Outcome, Problem, ProjectRef, Step, Tie, TieBreak
from plugins.bundled.outcome_stv import words
from plugins.bundled.outcome_stv.count import ONE, Count, Stage
from plugins.bundled.outcome_stv.settings import StvSettings


def votes_said(votes: int) -> str:
    """Hundred-thousandths of a vote as people write them: 12, or 12.34500 with the five decimals of the Order."""
    whole, rest = divmod(votes, ONE)
    return f"{whole:,}.{rest:05}" if rest else f"{whole:,}"


@dataclass
class Seats:
    """So many projects, each for the same quota (rule 47)."""

    quota: Sequence[int]
    seats: int

    def take(self, column: int) -> None:
        self.seats -= 1

    def full(self) -> bool:
        return self.seats == 0

    def all_fit(self, continuing: Sequence[int]) -> bool:
        return len(continuing) <= self.seats

    def out_of_reach(self, continuing: Sequence[int]) -> Sequence[int]:
        return ()


@dataclass
class Pot:
    """Money instead of seats: each ballot stands for an equal part of the pot, and a project needs its cost in votes.

    What elected projects keep of the votes is at least their share of the pot, so that they never cost more than it.
    """

    quota: Sequence[int]
    costs: Sequence[int]
    left: int
    left_at: dict[int, int] = field(default_factory=dict)

    def take(self, column: int) -> None:
        self.left_at[column] = self.left
        self.left -= self.costs[column]

    def full(self) -> bool:
        return False

    def all_fit(self, continuing: Sequence[int]) -> bool:
        return sum(self.costs[column] for column in continuing) <= self.left

    def out_of_reach(self, continuing: Sequence[int]) -> Sequence[int]:
        beyond = [column for column in continuing if self.costs[column] > self.left]
        self.left_at |= dict.fromkeys(beyond, self.left)
        return beyond


def seats_that_fit(costs: Sequence[int], budget: int) -> int:
    """How many of these projects the pot can pay for, whichever they are."""
    return sum(1 for together in accumulate(sorted(costs, reverse=True)) if together <= budget)


class SingleTransferableVote(OutcomeRule):
    key = "stv"
    label = Text("Transferable votes (STV)", "Bhòtaichean so-ghluasadach (STV)")
    description = Text(
        "Each ballot counts for the project it puts first. What a project has beyond its need, and the ballots of "
        "projects that leave the count, go on to the next project on each ballot, as in council elections.",
        "Tha gach pàipear-bhòtaidh a’ cunntadh airson a’ phròiseict a chuir e air thoiseach. Na tha a bharrachd aig "
        "pròiseact, agus pàipearan-bhòtaidh nam pròiseactan a dh’fhàgas an cunntas, thèid iad air adhart chun an ath "
        "phròiseict air gach pàipear, mar ann an taghaidhean chomhairlean.",
    )
    accepts = frozenset({BallotFamily.ORDINAL})
    Settings = StvSettings

    def check(self, instance: Instance, settings: StvSettings) -> list[Problem]:
        problems = pot_problems(instance)
        if settings.costs == "ignored" and settings.seats:
            dearest = sum(sorted((one.cost for one in instance.candidates), reverse=True)[: settings.seats])
            if dearest > instance.budget > 0:
                message = words.TOO_MANY_SEATS.format(
                    seats=settings.seats, cost=instance.amount(dearest), budget=instance.amount(instance.budget)
                )
                problems.append(Problem("outcome.seats", message, "seats"))
        return problems

    def decide(
        self,
        instance: Instance,
        profile: Profile,
        settings: StvSettings,
        tie_break: TieBreak,
        inner: Callable[[Instance], Outcome] | None = None,
    ) -> Outcome:
        return _Told(instance, profile, settings, tie_break).outcome()


class _Told:
    """A count, and its stages and fates in words."""

    def __init__(self, instance: Instance, profile: Profile, settings: StvSettings, tie_break: TieBreak) -> None:
        cost_of = {candidate.ref: candidate.cost for candidate in instance.candidates}
        place = {ref: number for number, ref in enumerate(tie_break.order)}
        self.instance, self.settings, self.refs = instance, settings, profile.refs
        self.costs = [cost_of[ref] for ref in profile.refs]
        self.rank = [place[ref] for ref in profile.refs]
        self.support = profile.support.tolist()
        self.by_cost = settings.costs == "counted"
        aside = [
            column
            for column, cost in enumerate(self.costs)
            if cost > instance.budget or (self.by_cost and not self.support[column])
        ]
        self.places: Seats | Pot = Seats((), 0)
        # How many ballots are valid is known once the papers are laid out; what a project needs follows from it.
        self.count = Count(profile, self.places, self.rank, frozenset(aside), stops_at_tie=settings.on_tie == "stop")
        papers = self.count.papers
        taking_part = [cost for column, cost in enumerate(self.costs) if column not in set(aside)]
        self.seats = settings.seats or seats_that_fit(taking_part, instance.budget)
        if self.by_cost:
            budget = max(instance.budget, 1)
            quota = [-(-papers * ONE * cost // budget) for cost in self.costs]
            self.places = Pot(quota, self.costs, instance.budget)
        else:
            self.places = Seats([(papers // (self.seats + 1) + 1) * ONE] * len(self.costs), self.seats)
        self.count.places = self.places
        self.count.decide()

    def outcome(self) -> Outcome:
        left = self.instance.budget
        allocation: list[ProjectRef] = []
        fates: list[Step] = []
        for column in self.count.elected:
            funded = self.costs[column] <= left
            if funded:
                allocation.append(self.refs[column])
            fates.append(self._fate(column, funded, len(allocation), left))
            left -= self.costs[column] if funded else 0
        others = sorted(
            set(range(len(self.refs))) - set(self.count.elected),
            key=lambda column: (self._gone(column), self.rank[column]),
        )
        fills = self.by_cost and self.settings.left_over == "last-out-first"
        fills = fills and all(first >= 0 for _, first in self.count.ties)
        for column in others:
            funded = fills and column in self.count.fates and self.costs[column] <= left
            if funded:
                allocation.append(self.refs[column])
            fates.append(self._fate(column, funded, len(allocation), left))
            left -= self.costs[column] if funded else 0
        return Outcome(
            allocation=tuple(allocation),
            spent=self.instance.budget - left,
            remaining=left,
            steps=(*self._stages(), *fates),
            ties=tuple(self._tie(columns, first) for columns, first in self.count.ties),
            facts={
                "papers": self.count.papers,
                "quota": {} if self.by_cost else {"each": votes_said(self.places.quota[0]) if self.refs else ""},
                "stages": len(self.count.stages),
            },
        )

    def _gone(self, column: int) -> tuple[int, int]:
        """Unfunded projects are told from the last to leave the count to the first."""
        fate = self.count.fates.get(column)
        return (-fate.stage, -fate.votes) if fate else (1, 0)

    def _tie(self, columns: tuple[int, ...], first: int) -> Tie:
        return Tie(tuple(self.refs[column] for column in columns), self.refs[first] if first >= 0 else "", "lot")

    def _fate(self, column: int, funded: bool, place: int, left: int) -> Step:
        fate = self.count.fates.get(column)
        cost = self.costs[column]
        said: dict[str, Any] = {
            "place": place,
            "cost": self.instance.amount(cost),
            "budget": self.instance.amount(self.instance.budget),
            "left": self.instance.amount(left),
            "seats": self.seats,
            "quota": votes_said(self.places.quota[column]),
        }
        facts: dict[str, Any] = {"cost": cost, "left": left}
        if fate is None:
            sentence = words.ABOVE if cost > self.instance.budget else words.NOBODY
            return Step(self.refs[column], False, sentence.format(**said), facts)
        said |= {"stage": fate.stage, "votes": votes_said(fate.votes)}
        facts |= {"stage": fate.stage, "votes_100000": fate.votes, "quota_100000": self.places.quota[column]}
        if fate.how == "dear" and not funded and isinstance(self.places, Pot):
            said["left"] = self.instance.amount(self.places.left_at[column])
        sentences = {
            "quota": words.ELECTED,
            "last": words.ELECTED_LAST,
            "excluded": words.EXCLUDED,
            "dear": words.DEAR,
            "left": words.LEFT,
            "open": words.OPEN,
        }
        elected = fate.how in ("quota", "last")
        sentence = sentences[fate.how]
        if elected and not funded:
            sentence = words.NO_MONEY_FOR_IT
        elif funded and not elected:
            sentence = words.FROM_REST
        return Step(self.refs[column], funded, sentence.format(**said), facts)

    def _stages(self) -> list[Step]:
        """What anybody needs to redo each stage: the votes, what went on, and at what value."""
        steps = []
        papers = f"{self.count.papers:,}"
        for number, stage in enumerate(self.count.stages, start=1):
            facts = {"stage": number, "votes_100000": dict(zip(self.refs, stage.votes, strict=True))}
            if stage.what == "first":
                firsts = [(column, votes) for column, votes in enumerate(stage.votes) if votes]
                listed = self._listed(firsts, words.NO_GAINS)
                sentence = self._with(words.FIRST, votes=listed, papers=papers)
                steps.append(Step("", True, sentence, facts))
                steps.append(Step("", True, self._needed(papers), {"papers": self.count.papers}))
            else:
                steps.append(Step("", True, self._moved(number, stage), facts))
        return steps

    def _needed(self, papers: str) -> Text:
        if self.by_cost:
            return words.QUOTA_BY_COST.format(papers=papers, budget=self.instance.amount(self.instance.budget))
        quota = votes_said(self.places.quota[0]) if self.refs else "-"
        return words.QUOTA.format(quota=quota, papers=papers, seats=self.seats, more=self.seats + 1)

    def _moved(self, number: int, stage: Stage) -> Text:
        return self._with(
            words.SURPLUS if stage.what == "surplus" else words.EXCLUSION,
            gains=self._listed(stage.gains, words.NO_GAINS, sign="+"),
            stage=number,
            project=self.refs[stage.column],
            total=votes_said(stage.total),
            surplus=votes_said(stage.surplus),
            unplaced=votes_said(stage.unplaced),
            cut=votes_said(stage.cut),
        )

    def _with(self, sentence: Text, **values: Any) -> Text:
        """A sentence one of whose values reads differently in each language."""
        en = {name: value.en if isinstance(value, Text) else value for name, value in values.items()}
        gd = {name: value.gd if isinstance(value, Text) else value for name, value in values.items()}
        return Text(sentence.en.format(**en), sentence.gd.format(**gd))

    def _listed(self, votes: Sequence[tuple[int, int]], none: Text, sign: str = "") -> Text:
        """Projects with their votes, most first, in an order that names do not decide."""
        ordered = sorted(votes, key=lambda pair: (-pair[1], self.rank[pair[0]]))
        text = ", ".join(f"{self.refs[column]} {sign}{votes_said(count)}" for column, count in ordered)
        return Text(text, text) if text else none
