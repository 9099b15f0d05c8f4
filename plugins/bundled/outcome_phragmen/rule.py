"""Sequential Phragmén with costs: everybody gets money at the same pace, and projects are bought by their voters."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from plugins.api.kinds import OutcomeRule
from plugins.api.profile import Profile
from plugins.api.spending import pot_problems
from plugins.api.text import Text
from plugins.api.values import BallotFamily, Instance, Outcome, Problem, ProjectRef, Step, Tie, TieBreak
from plugins.bundled.outcome_phragmen.clock import Clock
from plugins.bundled.outcome_phragmen.settings import PhragmenSettings

FUNDED = Text(
    "Funded at place {place}: when every voter had been given {each}, the {voters} who chose it held its {cost} "
    "together. They paid it, and {left} was left.",
    "Air a mhaoineachadh, àite {place}: nuair a bha {each} air a thoirt do gach neach-bhòtaidh, bha {cost} còmhla aig "
    "an fheadhainn a thagh e ({voters}). Phàigh iad e, agus bha {left} air fhàgail.",
)
TOO_DEAR = Text(
    "Not funded: when every voter had been given {each}, the {voters} who chose it held its {cost} together, but only "
    "{left} of the pot was left.",
    "Cha deach a mhaoineachadh: nuair a bha {each} air a thoirt do gach neach-bhòtaidh, bha {cost} còmhla aig an "
    "fheadhainn a thagh e ({voters}), ach cha robh ach {left} den mhaoin air fhàgail.",
)
STOPPED = Text(
    "Not funded: the count ended when every voter had been given {each}. The {voters} who chose it then held {held} "
    "together, and it needed {cost}.",
    "Cha deach a mhaoineachadh: thàinig an cunntas gu crìch nuair a bha {each} air a thoirt do gach neach-bhòtaidh. "
    "Bha {held} còmhla aig an fheadhainn a thagh e ({voters}) an uair sin, agus bha feum aige air {cost}.",
)
NOBODY = Text(
    "Not funded: nobody chose it. It needed {cost}.",
    "Cha deach a mhaoineachadh: cha do thagh duine e. Bha feum aige air {cost}.",
)
ABOVE = Text(
    "Not funded: it needed {cost}, more than the whole pot of {budget}. Voters who chose it: {voters}.",
    "Cha deach a mhaoineachadh: bha feum aige air {cost}, nas motha na a’ mhaoin gu lèir, {budget}. "
    "Luchd-bhòtaidh a thagh e: {voters}.",
)
UNDECIDED = Text(
    "Not decided: when every voter had been given {each}, this project and {others} could be paid for at the same "
    "moment. {left} was left.",
    "Gun cho-dhùnadh: nuair a bha {each} air a thoirt do gach neach-bhòtaidh, ghabhadh am pròiseact seo agus {others} "
    "a phàigheadh aig an aon àm. Bha {left} air fhàgail.",
)


class Phragmen(OutcomeRule):
    key = "phragmen"
    label = Text("Money at the same pace (Phragmén)", "Airgead aig an aon astar (Phragmén)")
    description = Text(
        "Every voter is given money at the same pace. As soon as the people who chose a project hold its cost together "
        "they pay for it, and start again from nothing.",
        "Gheibh gach neach-bhòtaidh airgead aig an aon astar. Cho luath ’s a bhios cosgais pròiseict còmhla aig an "
        "fheadhainn a thagh e, pàighidh iad e, agus tòisichidh iad às ùr le neoni.",
    )
    accepts = frozenset({BallotFamily.APPROVAL})
    Settings = PhragmenSettings

    def check(self, instance: Instance, settings: PhragmenSettings) -> list[Problem]:
        return pot_problems(instance)

    def decide(
        self,
        instance: Instance,
        profile: Profile,
        settings: PhragmenSettings,
        tie_break: TieBreak,
        inner: Callable[[Instance], Outcome] | None = None,
    ) -> Outcome:
        return _Count(instance, profile, settings, tie_break).decide()


class _Count:
    """One count, step by step."""

    def __init__(self, instance: Instance, profile: Profile, settings: PhragmenSettings, tie_break: TieBreak) -> None:
        cost_of = {candidate.ref: candidate.cost for candidate in instance.candidates}
        place = {ref: number for number, ref in enumerate(tie_break.order)}
        self.instance, self.settings = instance, settings
        self.refs = profile.refs
        self.costs = [cost_of[ref] for ref in profile.refs]
        self.rank = [place[ref] for ref in profile.refs]
        self.clock = Clock(profile, self.costs)
        self.left = instance.budget
        self.allocation: list[ProjectRef] = []
        self.steps: list[Step] = []
        self.ties: list[Tie] = []

    def decide(self) -> Outcome:
        waiting = set()
        aside = []
        for column in sorted(range(len(self.refs)), key=lambda column: self.rank[column]):
            if self.clock.voters[column] == 0:
                aside.append(self._step(column, False, NOBODY))
            elif self.costs[column] > self.instance.budget:
                aside.append(self._step(column, False, ABOVE))
            else:
                waiting.add(column)
        while waiting:
            due = {column: self.clock.due(column) for column in waiting}
            now = min(due.values())
            equal = sorted((column for column in waiting if due[column] == now), key=lambda column: self.rank[column])
            dear = [column for column in equal if self.costs[column] > self.left]
            for column in dear:
                self.steps.append(self._step(column, False, TOO_DEAR, now))
            waiting -= set(dear)
            if dear and self.settings.too_dear == "stop":
                self._end(waiting, now)
                break
            equal = [column for column in equal if column not in dear]
            if len(equal) > 1 and self._matters(equal):
                refs = tuple(self.refs[column] for column in equal)
                stopping = self.settings.on_tie == "stop"
                self.ties.append(Tie(refs, "" if stopping else refs[0], self._each(now)))
                if stopping:
                    self._undecided(equal, waiting, now)
                    break
            if equal:
                waiting.discard(equal[0])
                self._buy(equal[0], now)
        return Outcome(
            allocation=tuple(self.allocation),
            spent=self.instance.budget - self.left,
            remaining=self.left,
            steps=(*self.steps, *aside),
            ties=tuple(self.ties),
            facts={"given_to_each": str(self.clock.times[-1])},
        )

    def _matters(self, equal: list[int]) -> bool:
        """Whether it is of consequence which of equal projects is bought first.

        It is not where they fit together and no voter chose two of them: then all of them are bought now.
        """
        if sum(self.costs[column] for column in equal) > self.left:
            return True
        voters = sum(self.clock.voters[column] for column in equal)
        return self.clock.profile.voters_for(self.refs[column] for column in equal) != voters

    def _buy(self, column: int, now: Fraction) -> None:
        self.clock.buy(column, now)
        self.allocation.append(self.refs[column])
        self.left -= self.costs[column]
        self.steps.append(self._step(column, True, FUNDED, now))

    def _end(self, waiting: set[int], now: Fraction) -> None:
        for column in sorted(waiting, key=lambda column: (self.clock.due(column), self.rank[column])):
            self.steps.append(self._step(column, False, STOPPED, now))

    def _undecided(self, equal: list[int], waiting: set[int], now: Fraction) -> None:
        for column in equal:
            others = ", ".join(self.refs[other] for other in equal if other != column)
            self.steps.append(self._step(column, False, UNDECIDED, now, others))
        self._end(waiting - set(equal), now)

    def _each(self, now: Fraction) -> str:
        """What every voter had been given, rounded up to the smallest coin."""
        return self.instance.amount(-(-now.numerator // now.denominator))

    def _step(self, column: int, funded: bool, sentence: Text, now: Fraction | None = None, others: str = "") -> Step:
        cost, voters = self.costs[column], self.clock.voters[column]
        facts: dict[str, object] = {"cost": cost, "voters": voters, "left": self.left}
        said = {
            "place": len(self.allocation),
            "cost": self.instance.amount(cost),
            "voters": f"{voters:,}",
            "left": self.instance.amount(self.left),
            "budget": self.instance.amount(self.instance.budget),
            "each": "",
            "held": "",
            "others": others,
        }
        if now is not None:
            held = self.clock.held(column, now)
            facts |= {"given_to_each": str(now), "held": str(held)}
            said |= {"each": self._each(now), "held": self.instance.amount(held.numerator // held.denominator)}
        return Step(self.refs[column], funded, sentence.format(**said), facts)
