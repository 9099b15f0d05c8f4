"""A base for formats in which a voter ticks projects: what a form holds, what is refused, what is sealed.

`approval`, `exact-k` and `knapsack` stand on it, and so may any plugin. A subclass names its limits and its words.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from plugins.api.kinds import Raw
from plugins.api.marking import MarkFormat, Marks, as_is, cost_of, fields_of, words_in
from plugins.api.text import Text
from plugins.api.values import Ballot, BallotFamily, Mark, Offer, Problem, Project, ProjectRef

FIELD = "project"

NONE = Text(
    "You have not chosen a project. Choose at least one before you go on.",
    "Cha do thagh thu pròiseact fhathast. Tagh co-dhiù aon mus lean thu air adhart.",
)
CHOSEN = Text(
    "Chosen so far: {count}. Together they cost {cost}.",
    "Air an taghadh gu ruige seo: {count}. Cosgaidh iad {cost} còmhla.",
)


class ChoiceFormat(MarkFormat):
    """Tick between `limits()[0]` and `limits()[1]` projects; the order of ticking means nothing."""

    family: ClassVar[BallotFamily] = BallotFamily.APPROVAL
    mark: ClassVar[Mark] = Mark.TICK
    anchor: ClassVar[str] = FIELD
    fields: ClassVar[str] = "plugin_host/ballot_ticks.html"

    @abstractmethod
    def limits(self, offer: Offer, settings: Any) -> tuple[int, int]:
        """The fewest and the most projects one ballot may hold."""

    @abstractmethod
    def rule(self, offer: Offer, settings: Any) -> Text:
        """The limits as one sentence."""

    def count_problem(self, count: int, offer: Offer, settings: Any) -> Problem | None:
        """What to say of a ballot with this many projects, which is more than none."""
        return None

    def rules(self, offer: Offer, settings: Any) -> tuple[Text, ...]:
        return (self.rule(offer, settings),)

    def posted(self, raw: Raw, offer: Offer) -> tuple[list[tuple[ProjectRef, int]], list[Problem]]:
        return [(ref, 1) for ref in words_in(fields_of(raw), FIELD)], []

    def judge(self, marks: Marks, offer: Offer, settings: Any) -> list[Problem]:
        if not marks:
            return [Problem("ballot.none", NONE, FIELD)] if self.limits(offer, settings)[0] > 0 else []
        problem = self.count_problem(len(marks), offer, settings)
        return [problem] if problem else []

    def so_far(self, marks: Marks, offer: Offer, settings: Any) -> Text:
        return CHOSEN.format(count=len(marks), cost=cost_of(marks, offer).format())

    def row(self, project: Project, raw: Raw, offer: Offer, settings: Any) -> Mapping[str, Any]:
        return {
            "id": f"{FIELD}-{project.ref}",
            "name": FIELD,
            "ref": project.ref,
            "title": project.title,
            "cost": project.cost.format(),
            "checked": project.ref in words_in(raw, FIELD),
        }

    def told(self, value: int, cost: str, labels: tuple[Text, ...]) -> Text:
        return as_is(cost)

    def bounds(self, offer: Offer, settings: Any) -> dict[str, Any]:
        minimum, maximum = self.limits(offer, settings)
        return {"minimum": minimum, "maximum": maximum}

    def draft(self, ballot: Ballot) -> Raw:
        return {FIELD: list(ballot.choices)}
