"""Share out a number of points between projects; also in one area and everywhere."""

from __future__ import annotations

from typing import Any

from plugins.api.areas import AreasFormat
from plugins.api.marking import MORE_THAN_OFFERED, Marks, ValueFormat, about
from plugins.api.text import Text
from plugins.api.values import BallotFamily, Mark, Offer, Problem, Project
from plugins.bundled.ballot_points.settings import PointsAreasSettings, PointsSettings

POINTS = Text("Points: {points} · {cost}", "Puingean: {points} · {cost}")


class Points(ValueFormat):
    key = "points"
    label = Text("Share out points", "Roinn puingean")
    description = Text(
        "Each voter shares out the same number of points between projects. All points of a project are added up.",
        "Roinnidh gach neach-bhòtaidh an aon àireamh de phuingean am measg nam pròiseactan. Thèid na puingean uile aig "
        "pròiseact a chur ri chèile.",
    )
    family = BallotFamily.CUMULATIVE
    mark = Mark.POINTS
    Settings = PointsSettings
    fields = "ballot_points/fields.html"
    prefix = "points-"
    zero = False
    not_read = Text(
        "{project}: write a whole number such as 3, or leave it empty.",
        "{project}: sgrìobh àireamh shlàn, mar 3, no fàg bàn e.",
    )

    def most(self, settings: PointsSettings) -> int:
        return settings.most or settings.total

    def rules(self, offer: Offer, settings: PointsSettings) -> tuple[Text, ...]:
        found = [
            Text(
                "You have {total} points. Share them out between the projects.",
                "Puingean agad: {total}. Roinn iad am measg nam pròiseactan.",
            ).format(total=settings.total)
        ]
        if settings.use_all:
            found.append(Text("Use all of them.", "Cleachd a h-uile gin dhiubh."))
        if settings.most:
            sentence = Text("The most for one project is {most}.", "’S e {most} as motha do dh’aon phròiseact.")
            found.append(sentence.format(most=settings.most))
        if settings.projects > 1:
            sentence = Text(
                "Give points to at least {projects} projects.", "Thoir puingean do cho-dhiù {projects} de phròiseactan."
            )
            found.append(sentence.format(projects=settings.projects))
        return tuple(found)

    def unfit(self, offer: Offer, settings: PointsSettings) -> list[Problem]:
        count = len(offer.projects)
        if settings.projects > count:
            message = MORE_THAN_OFFERED.format(needed=settings.projects, count=count)
            return [Problem("ballot_format.projects", message, "projects")]
        if settings.use_all and self.most(settings) * count < settings.total:
            message = Text(
                "All {total} points have to be used, but {count} projects can take only {room}. Raise the most for "
                "one project, or give voters fewer points.",
                "Feumar na puingean uile a chleachdadh ({total}), ach chan urrainn do {count} de phròiseactan ach "
                "{room} a ghabhail. Àrdaich na tha ceadaichte do dh’aon phròiseact, no thoir nas lugha de phuingean "
                "seachad.",
            ).format(total=settings.total, count=count, room=self.most(settings) * count)
            return [Problem("ballot_format.use_all", message, "most")]
        return []

    def judge_one(self, project: Project, value: int, settings: PointsSettings) -> list[Problem]:
        if 0 < value <= self.most(settings):
            return []
        message = Text(
            "{project}: you have given {given} points. The most for one project is {most}.",
            "{project}: thug thu seachad {given}. ’S e {most} as motha do dh’aon phròiseact.",
        )
        found = about(message, project, given=value, most=self.most(settings))
        return [Problem("ballot.too_many_points", found, self.name(project.ref))]

    def judge(self, marks: Marks, offer: Offer, settings: PointsSettings) -> list[Problem]:
        if not marks:
            message = Text(
                "You have not given any points. Give points to at least one project before you go on.",
                "Cha tug thu puingean seachad fhathast. Thoir puingean do cho-dhiù aon phròiseact mus lean thu air "
                "adhart.",
            )
            return [Problem("ballot.none", message)]
        problems = self.judge_each(marks, offer, settings)
        used = sum(marks.values())
        if used > settings.total:
            message = Text(
                "You have given {used} points, but you have only {total}. Take away {extra}.",
                "Thug thu seachad {used}, ach chan eil agad ach {total}. Thoir air falbh {extra}.",
            ).format(used=used, total=settings.total, extra=used - settings.total)
            problems.append(Problem("ballot.over_total", message))
        elif settings.use_all and used < settings.total:
            message = Text(
                "You have given {used} points. All {total} have to be used. Give {left} more.",
                "Thug thu seachad {used}. Feumar {total} a chleachdadh. Thoir seachad {left} a bharrachd.",
            ).format(used=used, total=settings.total, left=settings.total - used)
            problems.append(Problem("ballot.points_left", message))
        if len(marks) < settings.projects:
            message = Text(
                "You have given points to {count} of at least {needed} projects. Give points to {more} more.",
                "Thug thu puingean do {count}. Feumaidh tu puingean a thoirt do cho-dhiù {needed} de phròiseactan. "
                "Thoir puingean do {more} a bharrachd.",
            ).format(count=len(marks), needed=settings.projects, more=settings.projects - len(marks))
            problems.append(Problem("ballot.too_few", message))
        return problems

    def so_far(self, marks: Marks, offer: Offer, settings: PointsSettings) -> Text:
        used = sum(marks.values())
        if used > settings.total:
            return Text(
                "Points given: {used} of {total}. That is {extra} too many.",
                "Puingean air an toirt seachad: {used} à {total}. Tha sin {extra} a bharrachd air na tha agad.",
            ).format(used=used, total=settings.total, extra=used - settings.total)
        return Text(
            "Points given: {used} of {total}. Left: {left}.",
            "Puingean air an toirt seachad: {used} à {total}. Air fhàgail: {left}.",
        ).format(used=used, total=settings.total, left=settings.total - used)

    def meter(self, marks: Marks, offer: Offer, settings: PointsSettings) -> tuple[int, int] | None:
        return sum(marks.values()), settings.total

    def told(self, value: int, cost: str, labels: tuple[Text, ...]) -> Text:
        return POINTS.format(points=value, cost=cost)

    def bounds(self, offer: Offer, settings: Any) -> dict[str, Any]:
        return {
            "minimum": settings.projects,
            "maximum": 0,
            "highest": self.most(settings),
            "total": settings.total,
            "use_all": settings.use_all,
        }


class PointsAreas(AreasFormat):
    key = "points-areas"
    label = Text("Share out points, in one area", "Roinn puingean, ann an aon sgìre")
    description = Text(
        "Each voter chooses one area and shares out points between its projects. They may also share out points "
        "between the projects that are for everybody. Each area has its own money.",
        "Taghaidh gach neach-bhòtaidh aon sgìre agus roinnidh iad puingean am measg nam pròiseactan aice. Faodaidh iad "
        "puingean a roinn cuideachd am measg nam pròiseactan a tha dhan a h-uile duine. Tha a h-airgead fhèin aig gach "
        "sgìre.",
    )
    family = Points.family
    inner = Points()
    Settings = PointsAreasSettings
