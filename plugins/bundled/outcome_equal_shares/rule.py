"""Equal shares: every voter has the same part of the money and projects are bought with their supporters' parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

import numpy as np

from plugins.api.kinds import OutcomeRule
from plugins.api.profile import Profile
from plugins.api.spending import pot_problems
from plugins.api.text import Text
from plugins.api.values import BallotFamily, Instance, Outcome, Problem, Step, Tie, TieBreak
from plugins.bundled.outcome_equal_shares import words
from plugins.bundled.outcome_equal_shares.plateau import Group, plateau_end
from plugins.bundled.outcome_equal_shares.settings import EqualSharesSettings
from plugins.bundled.outcome_equal_shares.shares import Item, Run, items_of

# So many raises in a row that had to be tried before the next one that may change anything is looked for.
PATIENCE = 8
LONGEST_PATIENCE = 1024
# Supporters times purchases up to which it is looked for: beyond, trying is quicker.
LOOKED_THROUGH = 200_000


@dataclass
class Count:
    """What the runs work on, columns in the profile's order."""

    instance: Instance
    profile: Profile
    settings: EqualSharesSettings
    costs: list[int]
    rank: list[int]
    items: list[Item]
    runs: int = 0
    exact_decisions: int = 0
    patience: int = field(default_factory=lambda: PATIENCE)
    tried: int = 0

    @cached_property
    def groups(self) -> list[Group]:
        return [Group.of(item) for item in self.items]

    def run(self, share: Fraction) -> Run:
        run = Run(self.profile, self.items, share, self.rank, self.instance.budget)
        run.decide()
        self.runs += 1
        self.exact_decisions += run.exact_decisions
        return run

    def exhaustive(self, run: Run) -> bool:
        left = self.instance.budget - run.spent
        bought = {purchase.item.column for purchase in run.bought}
        return all(item.cost > left for item in self.items if item.column not in bought)


class EqualShares(OutcomeRule):
    key = "equal-shares"
    label = Text("Equal shares", "Roinnean co-ionann")
    description = Text(
        "Every voter has the same share of the money. A project is funded when the people who chose it can pay for "
        "it together from their shares.",
        "Tha an aon roinn den airgead aig gach neach-bhòtaidh. Thèid pròiseact a mhaoineachadh nuair as urrainn "
        "dhan fheadhainn a thagh e pàigheadh air a shon còmhla às na roinnean aca.",
    )
    accepts = frozenset(BallotFamily)
    Settings = EqualSharesSettings

    def check(self, instance: Instance, settings: EqualSharesSettings) -> list[Problem]:
        return pot_problems(instance)

    def decide(
        self,
        instance: Instance,
        profile: Profile,
        settings: EqualSharesSettings,
        tie_break: TieBreak,
        inner: Callable[[Instance], Outcome] | None = None,
    ) -> Outcome:
        cost_of = {candidate.ref: candidate.cost for candidate in instance.candidates}
        place = {ref: number for number, ref in enumerate(tie_break.order)}
        costs = [cost_of[ref] for ref in profile.refs]
        rank = [place[ref] for ref in profile.refs]
        # A project dearer than the pot can be in no outcome, so it takes no part.
        items = [item for item in items_of(profile, costs, settings.satisfaction) if item.cost <= instance.budget]
        count = Count(instance, profile, settings, costs, rank, items)
        if profile.voters == 0 or instance.budget <= 0:
            return self._outcome(count, None, [])
        run = self._search(count)
        added = self._fill(count, run) if settings.completion == "add1-utilitarian" else []
        if settings.comparison == "voters":
            ours = [purchase.item.column for purchase in run.bought] + added
            return self._compared(count, run, added, ours)
        return self._outcome(count, run, added)

    def _search(self, count: Count) -> Run:
        """The run that stands: the first, or the one at which raising the shares stops."""
        share = Fraction(count.instance.budget, count.profile.voters)
        run = count.run(share)
        if count.settings.completion == "none":
            return run
        while len(run.bought) < len(count.items):
            if count.settings.stop == "first-exhaustive" and count.exhaustive(run):
                break
            skipped = self._unchanging(count, run)
            following = count.run(share + (skipped + 1) * count.settings.increment)
            if following.spent > count.instance.budget:
                # The last share that was passed over is the one that stands.
                return count.run(share + skipped * count.settings.increment) if skipped else run
            share += (skipped + 1) * count.settings.increment
            run = following
        return run

    def _unchanging(self, count: Count, run: Run) -> int:
        """How many raises in a row are certain to buy just what this run bought.

        Seen at a glance where nobody was used up: then every purchase had its lowest possible price, which no larger
        share changes. A project that is still unfunded cannot come in before its supporters hold its cost; and
        where its lowest price per gain is above all that was paid, not before what they have left is enough.
        """
        if any(len(purchase.used_up) for purchase in run.bought):
            return self._looked_for(count, run)
        bought = {purchase.item.column for purchase in run.bought}
        dearest = max((self._least(purchase.item) for purchase in run.bought), default=Fraction(-1))
        thresholds = []
        for item in count.items:
            if item.column in bought:
                continue
            if self._least(item) > dearest:
                thresholds.append(run.share + (item.cost - run.left_of(item)) / item.voters)
            else:
                thresholds.append(Fraction(item.cost, item.voters))
        return self._below(count, min(thresholds) - run.share) or self._looked_for(count, run)

    def _below(self, count: Count, end: Fraction) -> int:
        """How many raises in a row stay below an end."""
        raises = end / count.settings.increment
        return max(-(-raises.numerator // raises.denominator) - 1, 0)

    def _looked_for(self, count: Count, run: Run) -> int:
        """The same where voters were used up, looked for now and then: less often where it is of little use."""
        count.tried += 1
        if count.tried < count.patience or len(count.profile.columns) * len(run.bought) > LOOKED_THROUGH:
            return 0
        count.tried = 0
        end = plateau_end(count.groups, count.profile.distinct, run.share, count.rank, count.instance.budget)
        skipped = self._below(count, end)
        count.patience = min(2 * count.patience, LONGEST_PATIENCE) if skipped < count.patience else PATIENCE
        return skipped

    def _least(self, item: Item) -> Fraction:
        """The lowest price per gain that a project can ever have."""
        return Fraction(item.cost, item.weights * item.gain)

    def _by_votes(self, count: Count, left: int, without: frozenset[int] = frozenset()) -> list[int]:
        """Most points first, passing over what does not fit; ties by the published order."""
        points = count.profile.points
        chosen = []
        for item in sorted(count.items, key=lambda item: (-int(points[item.column]), count.rank[item.column])):
            if item.column not in without and item.cost <= left:
                chosen.append(item.column)
                left -= item.cost
        return chosen

    def _fill(self, count: Count, run: Run) -> list[int]:
        bought = frozenset(purchase.item.column for purchase in run.bought)
        return self._by_votes(count, count.instance.budget - run.spent, bought)

    def _gain(self, count: Count, columns: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """What each distinct ballot gains from these projects, in the measure of the settings."""
        worth = np.zeros(len(count.costs), dtype=np.int64)
        for column in columns:
            worth[column] = count.costs[column] if count.settings.satisfaction == "cost" else 1
        cells = worth[count.profile.columns]
        if count.settings.satisfaction == "score":
            cells = cells * count.profile.scores
        total = np.zeros(count.profile.distinct, dtype=np.int64)
        np.add.at(total, count.profile.rows, cells)
        return total

    def _compared(self, count: Count, run: Run, added: list[int], ours: list[int]) -> Outcome:
        """Keep equal shares unless more voters gain more from the outcome by votes."""
        other = self._by_votes(count, count.instance.budget)
        mine, theirs = self._gain(count, ours), self._gain(count, other)
        keep = int(count.profile.multiplicity[mine > theirs].sum())
        change = int(count.profile.multiplicity[theirs > mine].sum())
        facts = {"prefer_equal_shares": keep, "prefer_by_votes": change}
        if change > keep:
            step = Step("", True, words.CHANGED.format(keep=f"{keep:,}", change=f"{change:,}"), facts)
            return self._outcome(count, None, other, (step,))
        step = Step("", True, words.KEPT.format(keep=f"{keep:,}", change=f"{change:,}"), facts)
        return self._outcome(count, run, added, (step,))

    def _outcome(self, count: Count, run: Run | None, added: Sequence[int], before: tuple[Step, ...] = ()) -> Outcome:
        instance, refs = count.instance, count.profile.refs
        steps = list(before)
        if run is not None:
            share = instance.amount(run.share.numerator // run.share.denominator)
            steps.append(Step("", True, words.SHARE.format(voters=f"{count.profile.voters:,}", share=share), {}))
        columns: list[int] = []
        left = instance.budget
        many = count.profile.multiplicity
        spent_out = np.zeros(count.profile.distinct, dtype=np.bool_)
        for place, purchase in enumerate(run.bought if run else ()):
            item = purchase.item
            columns.append(item.column)
            left -= item.cost
            price = run.highest_payment(place) if run else Fraction(0)
            nothing = int(many[item.rows[spent_out[item.rows]]].sum())
            spent_out[purchase.used_up] = True
            all_they_had = int(many[purchase.used_up].sum())
            full = item.voters - all_they_had - nothing
            facts = {
                "voters": item.voters,
                "cost": item.cost,
                "price": str(price),
                "left": left,
                "paid_price": full,
                "paid_all_they_had": all_they_had,
                "had_nothing": nothing,
            }
            said = {
                "place": len(columns),
                "cost": instance.amount(item.cost),
                "voters": f"{item.voters:,}",
                "price": instance.amount(-(-price.numerator // price.denominator)),
                "full": f"{full:,}",
                "all": f"{all_they_had:,}",
                "nothing": f"{nothing:,}",
                "left": instance.amount(left),
            }
            sentence = words.BOUGHT if full else words.BOUGHT_WITH_ALL
            steps.append(Step(refs[item.column], True, sentence.format(**said), facts))
        for column in added:
            sentence = words.ADDED.format(
                points=f"{int(count.profile.points[column]):,}",
                cost=instance.amount(count.costs[column]),
                left=instance.amount(left),
            )
            facts = {"cost": count.costs[column], "left": left}
            steps.append(Step(refs[column], True, sentence, facts))
            columns.append(column)
            left -= count.costs[column]
        steps += self._unfunded(count, run, columns, left)
        return Outcome(
            allocation=tuple(refs[column] for column in columns),
            spent=instance.budget - left,
            remaining=left,
            steps=tuple(steps),
            ties=tuple(
                Tie(tuple(refs[column] for column in equal), refs[chosen], "price")
                for equal, chosen in (run.ties if run else ())
            ),
            facts={
                "share": str(run.share) if run else "",
                "runs": count.runs,
                "exact_decisions": count.exact_decisions,
            },
        )

    def _unfunded(self, count: Count, run: Run | None, columns: Sequence[int], left: int) -> list[Step]:
        instance, refs = count.instance, count.profile.refs
        by_column = {item.column: item for item in count.items}
        support = count.profile.support
        steps = []
        for column in sorted(
            set(range(len(refs))) - set(columns), key=lambda column: (-int(support[column]), count.rank[column])
        ):
            cost, voters = count.costs[column], int(support[column])
            facts: dict[str, object] = {"cost": cost, "voters": voters, "left": left}
            said = {"cost": instance.amount(cost), "voters": f"{voters:,}", "left": instance.amount(left)}
            if voters == 0:
                sentence = words.NOBODY.format(**said)
            elif cost > instance.budget:
                sentence = words.ABOVE.format(**said, budget=instance.amount(instance.budget))
            elif run is None:
                sentence = words.NOT_BY_VOTES.format(**said)
            else:
                together = run.left_of(by_column[column])
                facts["together"] = str(together)
                whole = instance.amount(together.numerator // together.denominator)
                sentence = words.TOO_LITTLE.format(**said, together=whole)
            steps.append(Step(refs[column], False, sentence, facts))
        return steps
