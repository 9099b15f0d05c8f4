"""A ballot of several parts: projects of everywhere, and those of one area that the voter chooses.

`AreasFormat` puts another format on each part: a voter marks the projects of everywhere by the rule
`settings.everywhere`, and those of one area, never of two, by the rule `settings.local`. Each part has its own pot and
is decided by itself (`sheets`). A project belongs to the area it names, and without one to everywhere. A voter may
leave a part empty, though not all of them.

What is sealed are the marks, not the area that was looked at: a ballot counts in an area when it marks a project
there, were it with the worst grade. A chosen area with nothing marked is an empty paper, which is no valid vote of
that area, so shares of its votes are shares of the ballots that marked something.

A plugin offers this for its format in a few lines:

    class PointsInAreas(AreasFormat):
        key = "points-areas"
        label = ...
        family = Points.family
        inner = Points()
        Settings = PointsAreasSettings   # pydantic, with `local` and `everywhere`
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from plugins.api.errors import BallotInvalid
from plugins.api.kinds import BallotFormat, Raw
from plugins.api.marking import PAGE, RULES, MarkFormat, Marks, fields_of, malformed, words_in
from plugins.api.text import Text
from plugins.api.values import (
    Ballot,
    Constraints,
    Line,
    Offer,
    PaperLayout,
    Problem,
    ProjectRef,
    Sheet,
    TemplateRef,
)

FIELD = "area"

ONE_AREA = Text("Choose one area", "Tagh aon sgìre")
ONE_AREA_RULE = Text(
    "You can vote for the projects of one area.",
    "Faodaidh tu bhòtadh airson pròiseactan ann an aon sgìre.",
)
ONE_AREA_AND_ALL = Text(
    "You can vote for the projects of one area, and for those of everywhere.",
    "Faodaidh tu bhòtadh airson pròiseactan ann an aon sgìre, agus airson nam pròiseactan a tha dhan a h-uile duine.",
)
SHOW = Text("Show the projects of this area", "Seall pròiseactan na sgìre seo")
EVERYWHERE = Text("Projects for everybody", "Pròiseactan dhan a h-uile duine")
IN_AREA = Text("Projects in {area}", "Pròiseactan: {area}")
EMPTY_AREA = Text(
    "{part}: you have marked nothing yet. If it stays so, your ballot does not count there.",
    "{part}: cha do chomharraich thu dad fhathast. Ma dh’fhuiricheas e mar sin, cha bhi am pàipear-bhòtaidh agad a’ "
    "cunntadh an sin.",
)
NO_AREA = Text("Choose an area to see its projects.", "Tagh sgìre gus na pròiseactan aice fhaicinn.")
TWO_AREAS = Text(
    "Your ballot has projects of more than one area: {areas}. Keep those of one.",
    "Tha pròiseactan à barrachd air aon sgìre air a’ phàipear-bhòtaidh agad: {areas}. Cùm an fheadhainn à aon sgìre.",
)
OTHER_AREA = Text(
    "You chose {chosen}, so your choices in {other} are not kept. Vote in {chosen} now, or choose {other} again.",
    "Thagh thu {chosen}, agus mar sin cha tèid na roghainnean agad ann an {other} a chumail. "
    "Bhòt ann an {chosen} a-nis, no tagh {other} a-rithist.",
)
UNKNOWN_AREA = Text("Choose one of the areas on this page.", "Tagh aon de na sgìrean air an duilleig seo.")
PART = Text("{part}: {sentence}", "{part}: {sentence}")
NO_AREAS = Text(
    "No project names an area. Give projects their areas, or choose another kind of ballot.",
    "Chan eil sgìre ri pròiseact sam bith. Cuir sgìrean ris na pròiseactan, no tagh seòrsa eile de phàipear-bhòtaidh.",
)


class AreasFormat(BallotFormat):
    """One format on several parts of a ballot; see the top of this file. A format whose order matters cannot be
    `inner`: the order would have to say which part it belongs to."""

    inner: ClassVar[MarkFormat]

    # The parts of an offer.

    def parts(self, offer: Offer, settings: Any) -> Iterator[tuple[str, Offer, Any]]:
        """Each part: its area, its projects with its own money, and its rule. Everywhere comes first."""
        areas = sorted({project.area for project in offer.projects})
        for area in areas:
            projects = tuple(project for project in offer.projects if project.area == area)
            budget = offer.pot(area) or offer.budget
            rule = settings.local if area else settings.everywhere
            yield area, replace(offer, projects=projects, budget=budget, pots=()), rule

    def sheets(self, offer: Offer, settings: Any) -> Sequence[Sheet]:
        return [
            Sheet(area, tuple(project.ref for project in part.projects), offer.pot(area))
            for area, part, _ in self.parts(offer, settings)
        ]

    def heading(self, area: str) -> Text:
        """What a part is called on the page."""
        return IN_AREA.format(area=area) if area else EVERYWHERE

    def _marked(self, marks: Marks, part: Offer) -> dict[ProjectRef, int]:
        return {project.ref: marks[project.ref] for project in part.projects if project.ref in marks}

    def _chosen(self, raw: Any, marks: Marks, offer: Offer) -> str:
        """The area of a form: the one that was chosen, else the one in which something was marked."""
        said = words_in(fields_of(raw), FIELD)
        marked = sorted({project.area for project in offer.projects if project.ref in marks and project.area})
        return said[0] if said else marked[0] if marked else ""

    # What the contract asks.

    def check(self, offer: Offer, settings: Any) -> list[Problem]:
        problems = [one for one in self.inner.check(offer, settings.local) if one.code.startswith("offer.")]
        if problems:
            return problems
        if not any(project.area for project in offer.projects):
            return [Problem("offer.no_areas", NO_AREAS)]
        for area, part, rule in self.parts(offer, settings):
            for one in self.inner.check(part, rule):
                path = f"{'local' if area else 'everywhere'}.{one.path}" if one.path else ""
                problems.append(Problem(one.code, self._of(area, one.message), path))
        return problems

    def _of(self, area: str, sentence: Text) -> Text:
        """A sentence that says which part it is about."""
        heading = self.heading(area)
        return Text(f"{heading.en}: {sentence.en}", f"{heading.gd}: {sentence.gd}")

    def instructions(self, offer: Offer, settings: Any) -> TemplateRef:
        return TemplateRef(RULES, {"rules": self._rules(offer, settings)})

    def _rules(self, offer: Offer, settings: Any) -> tuple[Text, ...]:
        """The rule of areas, then each different rule of a part once."""
        found = [ONE_AREA_AND_ALL if any(not one.area for one in offer.projects) else ONE_AREA_RULE]
        parts = list(self.parts(offer, settings))
        local = [rule for area, part, own in parts if area for rule in self.inner.rules(part, own)]
        found += list(dict.fromkeys(local))
        found += [self._of("", rule) for area, part, own in parts if not area for rule in self.inner.rules(part, own)]
        return tuple(found)

    def form(self, offer: Offer, settings: Any, draft: Raw) -> TemplateRef:
        marks = self.inner.marked(draft, offer)
        chosen = self._chosen(draft, marks, offer)
        parts = list(self.parts(offer, settings))
        shown = [one for one in parts if one[0] in ("", chosen)]
        marked = [(area, self._marked(marks, part), part, rule) for area, part, rule in shown]
        totals = [
            # Who looks at an area, or has marked one part and not the other, is told what an empty part means.
            self._of(area, self.inner.so_far(own, part, rule)) if own or not marks else self._empty(area)
            for area, own, part, rule in marked
        ]
        options = [
            {"value": area, "label": Text(area, area), "checked": area == chosen} for area, _, _ in parts if area
        ]
        return TemplateRef(
            PAGE,
            {
                "areas": {
                    "name": FIELD,
                    "heading": ONE_AREA,
                    "rule": self._rules(offer, settings)[0],
                    "options": options,
                    "show": SHOW,
                },
                "sheets": [
                    self.inner.sheet(part, rule, draft, self.heading(area), number)
                    for number, (area, part, rule) in enumerate(shown, start=1)
                ],
                "chosen": totals if any(area for area, _, _ in shown) else [*totals, NO_AREA],
            },
        )

    def _empty(self, area: str) -> Text:
        heading = self.heading(area)
        return Text(EMPTY_AREA.en.format(part=heading.en), EMPTY_AREA.gd.format(part=heading.gd))

    def parse(self, raw: Raw | Ballot, offer: Offer, settings: Any) -> Ballot:
        if isinstance(raw, Ballot):
            pairs, problems = self.inner.pairs(self._inner(raw), offer, settings.local)
        else:
            pairs, problems = self.inner.pairs(raw, offer, settings.local)
        marks = dict(pairs)
        parts = list(self.parts(offer, settings))
        problems += self._area_problems(raw, marks, offer)
        filled = [one for one in parts if self._marked(marks, one[1])]
        for area, part, rule in filled:
            for one in self.inner.judge(self._marked(marks, part), part, rule):
                problems.append(Problem(one.code, self._of(area, one.message), one.path))
        if not filled and not problems:
            problems += self.inner.judge({}, offer, settings.local)
        if problems:
            raise BallotInvalid(problems)
        written = sorted(
            pair for _, part, rule in parts for pair in self.inner.written(self._marked(marks, part), rule)
        )
        return replace(self.inner.sealed(written, settings.local), format=self.key)

    def _area_problems(self, raw: Raw | Ballot, marks: Marks, offer: Offer) -> list[Problem]:
        marked = sorted({project.area for project in offer.projects if project.ref in marks and project.area})
        known = {project.area for project in offer.projects if project.area}
        said = [] if isinstance(raw, Ballot) else words_in(fields_of(raw), FIELD)
        if len(set(said)) > 1 or any(area not in known for area in said):
            return [Problem("ballot.unknown_area", UNKNOWN_AREA, FIELD)]
        other = [area for area in marked if said and area != said[0]]
        if other:
            return [Problem("ballot.other_area", OTHER_AREA.format(chosen=said[0], other=", ".join(other)), FIELD)]
        if len(marked) > 1:
            return [Problem("ballot.two_areas", TWO_AREAS.format(areas=", ".join(marked)), FIELD)]
        return []

    def _inner(self, ballot: Ballot) -> Ballot:
        if ballot.format != self.key:
            raise malformed()
        return replace(ballot, format=self.inner.key)

    def draft(self, ballot: Ballot) -> Raw:
        return self.inner.draft(self._inner(ballot))

    def canonical(self, ballot: Ballot) -> bytes:
        return self.inner.bytes_of(self.inner.pairs_of(self._inner(ballot)), self.key)

    def restore(self, data: bytes) -> Ballot:
        return self.inner.read(data, self.key)

    def paper(self, offer: Offer, settings: Any) -> PaperLayout:
        sections = tuple(
            replace(self.inner.paper(part, rule), title=self.heading(area), area=area)
            for area, part, rule in self.parts(offer, settings)
        )
        return PaperLayout(self.label, self._rules(offer, settings)[:1], (), mark=self.inner.mark, sections=sections)

    def constraints(self, offer: Offer, settings: Any) -> Constraints:
        sections = tuple(
            replace(self.inner.constraints(part, rule), area=area) for area, part, rule in self.parts(offer, settings)
        )
        refs = tuple(project.ref for project in offer.projects)
        return Constraints(1, 0, refs, mark=self.inner.mark, sections=sections)

    def scores(self, ballot: Ballot, offer: Offer) -> Mapping[ProjectRef, int]:
        return self.inner.scores(self._inner(ballot), offer)

    def summary(self, ballot: Ballot, offer: Offer) -> Sequence[Line]:
        return self.inner.summary(self._inner(ballot), offer)
