"""A base for formats in which a voter ticks projects: what a form holds, what is refused, what is sealed.

`approval` and `exact-k` stand on it, and so may any plugin. A subclass names its limits and its words.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from plugins.api.errors import BallotInvalid
from plugins.api.kinds import BallotFormat, Raw
from plugins.api.money import Money
from plugins.api.text import Text
from plugins.api.values import (
    Ballot,
    BallotFamily,
    Constraints,
    Line,
    Offer,
    PaperLayout,
    Problem,
    ProjectRef,
    TemplateRef,
)

FIELD = "project"

NONE = Text(
    "You have not chosen a project. Choose at least one before you go on.",
    "Cha do thagh thu pròiseact fhathast. Tagh co-dhiù aon mus lean thu air adhart.",
)
UNKNOWN = Text(
    "One of the projects on your ballot is not part of this vote. Look at your choices again.",
    "Chan eil fear de na pròiseactan air a’ phàipear-bhòtaidh agad mar phàirt den bhòt seo. "
    "Thoir sùil eile air na thagh thu.",
)
DUPLICATE = Text(
    "A project stands on your ballot twice. Each project can be chosen once.",
    "Tha pròiseact air a’ phàipear-bhòtaidh agad dà thuras. Faodar gach pròiseact a thaghadh aon turas.",
)
MALFORMED = Text(
    "We could not read this ballot. Go back and choose your projects again.",
    "Cha b’ urrainn dhuinn am pàipear-bhòtaidh seo a leughadh. Till agus tagh na pròiseactan agad a-rithist.",
)
CHOSEN = Text(
    "Chosen so far: {count}. Together they cost {cost}.",
    "Air an taghadh gu ruige seo: {count}. Cosgaidh iad {cost} còmhla.",
)
NO_PROJECTS = Text(
    "There is no project to vote on. Add at least one.",
    "Chan eil pròiseact ann airson bhòtadh air. Cuir ris co-dhiù aon.",
)


class ChoiceFormat(BallotFormat):
    """Tick between `limits()[0]` and `limits()[1]` projects; the order of ticking means nothing."""

    family: ClassVar[BallotFamily] = BallotFamily.APPROVAL
    folder: ClassVar[str]

    @abstractmethod
    def limits(self, offer: Offer, settings: Any) -> tuple[int, int]:
        """The fewest and the most projects one ballot may hold."""

    @abstractmethod
    def rule(self, offer: Offer, settings: Any) -> Text:
        """The limits as one sentence."""

    @abstractmethod
    def count_problem(self, count: int, offer: Offer, settings: Any) -> Problem | None:
        """What to say of a ballot with this many projects, which is more than none."""

    def check(self, offer: Offer, settings: Any) -> list[Problem]:
        problems = []
        if not offer.projects:
            problems.append(Problem("offer.no_projects", NO_PROJECTS))
        if len({project.ref for project in offer.projects}) < len(offer.projects):
            problems.append(Problem("offer.duplicate", DUPLICATE))
        return problems

    def instructions(self, offer: Offer, settings: Any) -> TemplateRef:
        return TemplateRef(f"{self.folder}/instructions.html", {"rule": self.rule(offer, settings)})

    def form(self, offer: Offer, settings: Any, draft: Raw) -> TemplateRef:
        chosen = set(draft.get(FIELD, ()))
        minimum, maximum = self.limits(offer, settings)
        selected = [project for project in offer.projects if project.ref in chosen]
        cost = sum((project.cost for project in selected), Money(0, offer.budget.currency))
        return TemplateRef(
            f"{self.folder}/form.html",
            {
                "name": FIELD,
                "rule": self.rule(offer, settings),
                "chosen": CHOSEN.format(count=len(selected), cost=cost.format()),
                "minimum": minimum,
                "maximum": maximum,
                "projects": [
                    {
                        "id": f"{FIELD}-{number}",
                        "ref": project.ref,
                        "title": project.title,
                        "cost": project.cost.format(),
                        "checked": project.ref in chosen,
                    }
                    for number, project in enumerate(offer.projects, start=1)
                ],
            },
        )

    def parse(self, raw: Raw | Ballot, offer: Offer, settings: Any) -> Ballot:
        choices = list(raw.choices) if isinstance(raw, Ballot) else self._posted(raw)
        problems = []
        known = {project.ref for project in offer.projects}
        if any(ref not in known for ref in choices):
            problems.append(Problem("ballot.unknown_project", UNKNOWN, FIELD))
        if len(set(choices)) < len(choices):
            problems.append(Problem("ballot.duplicate", DUPLICATE, FIELD))
        if not choices and self.limits(offer, settings)[0] > 0:
            problems.append(Problem("ballot.none", NONE, FIELD))
        elif choices and (problem := self.count_problem(len(set(choices)), offer, settings)) is not None:
            problems.append(problem)
        if isinstance(raw, Ballot) and (raw.format != self.key or raw.points):
            problems.append(Problem("ballot.malformed", MALFORMED))
        if problems:
            raise BallotInvalid(problems)
        return Ballot(self.key, tuple(sorted(choices)))

    def _posted(self, raw: Any) -> list[str]:
        """The ticked values, whatever else was posted. Raises BallotInvalid unless they are a list of words."""
        values = raw.get(FIELD, ()) if isinstance(raw, Mapping) else None
        if not isinstance(values, (list, tuple)) or not all(isinstance(value, str) for value in values):
            raise BallotInvalid([Problem("ballot.malformed", MALFORMED)])
        return list(values)

    def draft(self, ballot: Ballot) -> Raw:
        return {FIELD: list(ballot.choices)}

    def canonical(self, ballot: Ballot) -> bytes:
        document = {"choices": sorted(ballot.choices), "format": self.key}
        return json.dumps(document, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode("ascii")

    def restore(self, data: bytes) -> Ballot:
        try:
            document = json.loads(data.decode("ascii"))
        except (ValueError, AttributeError, RecursionError) as error:
            raise BallotInvalid([Problem("ballot.malformed", MALFORMED)]) from error
        choices = document.get("choices") if isinstance(document, dict) else None
        if not isinstance(choices, list) or not all(isinstance(ref, str) for ref in choices):
            raise BallotInvalid([Problem("ballot.malformed", MALFORMED)])
        ballot = Ballot(self.key, tuple(choices))
        if len(set(choices)) < len(choices) or self.canonical(ballot) != data:
            raise BallotInvalid([Problem("ballot.malformed", MALFORMED)])
        return ballot

    def paper(self, offer: Offer, settings: Any) -> PaperLayout:
        return PaperLayout(
            title=self.label,
            instructions=(self.rule(offer, settings),),
            lines=tuple(
                Line(project.title, Text(project.cost.format(), project.cost.format())) for project in offer.projects
            ),
        )

    def constraints(self, offer: Offer, settings: Any) -> Constraints:
        minimum, maximum = self.limits(offer, settings)
        return Constraints(minimum, maximum, tuple(project.ref for project in offer.projects))

    def scores(self, ballot: Ballot, offer: Offer) -> Mapping[ProjectRef, int]:
        return dict.fromkeys(ballot.choices, 1)

    def summary(self, ballot: Ballot, offer: Offer) -> Sequence[Line]:
        chosen = set(ballot.choices)
        return [
            Line(project.title, Text(project.cost.format(), project.cost.format()))
            for project in offer.projects
            if project.ref in chosen
        ]
