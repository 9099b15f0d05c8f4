"""Put projects in order, the favourite first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from plugins.api.kinds import Raw
from plugins.api.marking import MORE_THAN_OFFERED, Marks, Pairs, ValueFormat, about, malformed
from plugins.api.text import Text
from plugins.api.values import Ballot, BallotFamily, Line, Mark, Offer, Problem, Project
from plugins.bundled.ballot_ranked.settings import RankedSettings

PLACE = Text("Number {place} · {cost}", "Àireamh {place} · {cost}")
SAME_PLACE = Text(
    "Two projects have the number {place}: {project} and {other}. Give each its own number.",
    "Tha an àireamh {place} aig dà phròiseact: {project} agus {other}. Thoir àireamh eile do dh’fhear dhiubh.",
)


class Ranked(ValueFormat):
    """A mark is a place, 1 for the favourite. Sealed are the projects in order, with points: as many as the ballot has
    places for the first, one fewer for each after it, so that an unfinished order loses nothing at the top."""

    key = "ranked"
    label = Text("Put projects in order", "Cuir pròiseactan ann an òrdugh")
    description = Text(
        "Each voter puts the projects they want most in order, with the favourite first.",
        "Cuiridh gach neach-bhòtaidh na pròiseactan as fheàrr leotha ann an òrdugh, leis an fhear as fheàrr aig an "
        "toiseach.",
    )
    family = BallotFamily.ORDINAL
    mark = Mark.PLACE
    ordered = True
    Settings = RankedSettings
    fields = "ballot_ranked/fields.html"
    prefix = "place-"
    not_read = Text(
        "{project}: choose a number such as 1, or none.",
        "{project}: tagh àireamh, mar 1, no na tagh gin.",
    )

    def places(self, offer: Offer, settings: RankedSettings) -> int:
        return min(settings.maximum, len(offer.projects))

    def rules(self, offer: Offer, settings: RankedSettings) -> tuple[Text, ...]:
        most = self.places(offer, settings)
        if settings.minimum == most:
            first = Text(
                "Put {most} projects in order. 1 is your favourite.",
                "Cuir {most} de phròiseactan ann an òrdugh. ’S e 1 am fear as fheàrr leat.",
            )
        elif settings.minimum > 1:
            first = Text(
                "Put at least {minimum} and at most {most} projects in order. 1 is your favourite.",
                "Cuir pròiseactan ann an òrdugh: {minimum} aig a’ char as lugha, {most} aig a’ char as motha. "
                "’S e 1 am fear as fheàrr leat.",
            )
        else:
            first = Text(
                "Put up to {most} projects in order. 1 is your favourite.",
                "Cuir pròiseactan ann an òrdugh: {most} aig a’ char as motha. ’S e 1 am fear as fheàrr leat.",
            )
        return (first.format(minimum=settings.minimum, most=most),)

    def unfit(self, offer: Offer, settings: RankedSettings) -> list[Problem]:
        if settings.minimum <= len(offer.projects):
            return []
        message = MORE_THAN_OFFERED.format(needed=settings.minimum, count=len(offer.projects))
        return [Problem("ballot_format.minimum", message, "minimum")]

    def judge_one(self, project: Project, value: int, settings: RankedSettings) -> list[Problem]:
        if 1 <= value <= settings.maximum:
            return []
        message = Text(
            "{project} has the number {place}. Use numbers from 1 to {most}.",
            "Tha an àireamh {place} aig {project}. Cleachd àireamhan o 1 gu {most}.",
        )
        found = about(message, project, place=value, most=settings.maximum)
        return [Problem("ballot.no_such_place", found, self.name(project.ref))]

    def judge(self, marks: Marks, offer: Offer, settings: RankedSettings) -> list[Problem]:
        if not marks:
            message = Text(
                "You have not put a project in order. Give your favourite the number 1.",
                "Cha do chuir thu pròiseact ann an òrdugh fhathast. Thoir àireamh 1 don fhear as fheàrr leat.",
            )
            return [Problem("ballot.none", message)]
        problems = self.judge_each(marks, offer, settings)
        problems += self._shared(marks, offer)
        if not problems and max(marks.values()) > len(marks):
            missing = next(place for place in range(1, len(marks) + 1) if place not in marks.values())
            message = Text(
                "You have used the number {highest} but not {missing}. Number your projects 1, 2, 3 without a gap.",
                "Chleachd thu an àireamh {highest}, ach cha do chleachd thu {missing}. "
                "Àireamhaich na pròiseactan agad 1, 2, 3 gun bheàrn.",
            ).format(highest=max(marks.values()), missing=missing)
            problems.append(Problem("ballot.gap", message))
        if len(marks) < settings.minimum:
            message = Text(
                "You have put {count} of at least {needed} projects in order. Add {more} more.",
                "Chuir thu {count} ann an òrdugh. Feumaidh tu co-dhiù {needed} a chur ann. Cuir {more} a bharrachd "
                "ris.",
            ).format(count=len(marks), needed=settings.minimum, more=settings.minimum - len(marks))
            problems.append(Problem("ballot.too_few", message))
        return problems

    def _shared(self, marks: Marks, offer: Offer) -> list[Problem]:
        """A problem for each project that has the number of another before it."""
        first: dict[int, Project] = {}
        problems = []
        for project in offer.projects:
            place = marks.get(project.ref)
            if place is None:
                continue
            other = first.setdefault(place, project)
            if other is not project:
                en, gd = other.title.get("en"), other.title.get("gd")
                both = Text(
                    SAME_PLACE.en.replace("{other}", "{other_en}"), SAME_PLACE.gd.replace("{other}", "{other_gd}")
                )
                message = about(both, project, place=place, other_en=en, other_gd=gd)
                problems.append(Problem("ballot.same_place", message, self.name(project.ref)))
        return problems

    def so_far(self, marks: Marks, offer: Offer, settings: RankedSettings) -> Text:
        return Text(
            "In your order so far: {count}. The most is {most}.",
            "San òrdugh agad gu ruige seo: {count}. ’S e {most} as motha.",
        ).format(count=len(marks), most=self.places(offer, settings))

    def row(self, project: Project, raw: Raw, offer: Offer, settings: RankedSettings) -> Mapping[str, Any]:
        found = super().row(project, raw, offer, settings)
        places = [str(place) for place in range(1, self.places(offer, settings) + 1)]
        return {**found, "places": places}

    def written(self, marks: Marks, settings: RankedSettings) -> Pairs:
        return [(ref, settings.maximum + 1 - place) for ref, place in sorted(marks.items(), key=lambda pair: pair[1])]

    def unwritten(self, pairs: Pairs, settings: RankedSettings) -> Pairs:
        if [points for _, points in pairs] != [settings.maximum - index for index in range(len(pairs))]:
            raise malformed()
        return [(ref, place) for place, (ref, _) in enumerate(pairs, start=1)]

    def draft(self, ballot: Ballot) -> Raw:
        return {self.name(ref): [str(place)] for place, (ref, _) in enumerate(self.pairs_of(ballot), start=1)}

    def told(self, value: int, cost: str, labels: tuple[Text, ...]) -> Text:
        return PLACE.format(place=value, cost=cost)

    def summary(self, ballot: Ballot, offer: Offer) -> Sequence[Line]:
        by_ref = {project.ref: project for project in offer.projects}
        found = [by_ref[ref] for ref, _ in self.pairs_of(ballot) if ref in by_ref]
        return [
            Line(project.title, self.told(place, project.cost.format(), ()))
            for place, project in enumerate(found, start=1)
        ]

    def bounds(self, offer: Offer, settings: RankedSettings) -> dict[str, Any]:
        most = self.places(offer, settings)
        return {"minimum": settings.minimum, "maximum": most, "highest": most}
