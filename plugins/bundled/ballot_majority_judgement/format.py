"""Judge each project with a grade, each by itself; also in one area and everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plugins.api.areas import AreasFormat
from plugins.api.kinds import Raw
from plugins.api.marking import MORE_THAN_OFFERED, Marks, ValueFormat, about
from plugins.api.text import Text
from plugins.api.values import BallotFamily, Mark, Offer, Problem, Project
from plugins.bundled.ballot_majority_judgement.settings import (
    MajorityJudgementAreasSettings,
    MajorityJudgementSettings,
)

NO_GRADE = Text("No grade", "Gun bhreith")


class MajorityJudgement(ValueFormat):
    """A mark is the number of the grade from the worst, which is 0."""

    key = "majority-judgement"
    label = Text("Judge each project", "Thoir breith air gach pròiseact")
    description = Text(
        "Each voter says of projects how good they are, each by itself. A project is as good as the middle voter says.",
        "Innsidh gach neach-bhòtaidh cho math ’s a tha pròiseactan, gach fear leis fhèin. Tha pròiseact cho math ’s a "
        "tha an neach-bhòtaidh sa mheadhan ag ràdh.",
    )
    family = BallotFamily.CARDINAL
    mark = Mark.GRADE
    Settings = MajorityJudgementSettings
    fields = "ballot_majority_judgement/fields.html"
    prefix = "grade-"
    not_read = Text("{project}: choose one of the grades.", "{project}: tagh aon de na breithean.")

    def labels(self, settings: MajorityJudgementSettings) -> tuple[Text, ...]:
        return tuple(Text(grade.en, grade.gd) for grade in reversed(settings.grades))

    def rules(self, offer: Offer, settings: MajorityJudgementSettings) -> tuple[Text, ...]:
        worst = settings.grades[-1]
        first = Text(
            f"Say what you think of the projects, each by itself. A project without a grade counts as “{worst.en}”.",
            f"Innis dè do bheachd air na pròiseactan, gach fear leis fhèin. Bidh pròiseact gun bhreith a’ cunntadh mar "
            f"“{worst.gd}”.",
        )
        if settings.projects == 1:
            return (first,)
        second = Text("Judge at least {needed} projects.", "Thoir breith air co-dhiù {needed} de phròiseactan.")
        return first, second.format(needed=settings.projects)

    def unfit(self, offer: Offer, settings: MajorityJudgementSettings) -> list[Problem]:
        if settings.projects <= len(offer.projects):
            return []
        message = MORE_THAN_OFFERED.format(needed=settings.projects, count=len(offer.projects))
        return [Problem("ballot_format.projects", message, "projects")]

    def judge_one(self, project: Project, value: int, settings: MajorityJudgementSettings) -> list[Problem]:
        if 0 <= value < len(settings.grades):
            return []
        return [Problem("ballot.no_such_grade", about(self.not_read, project), self.name(project.ref))]

    def judge(self, marks: Marks, offer: Offer, settings: MajorityJudgementSettings) -> list[Problem]:
        if not marks:
            message = Text(
                "You have not judged a project. Judge at least one before you go on.",
                "Cha tug thu breith air pròiseact fhathast. Thoir breith air co-dhiù aon mus lean thu air adhart.",
            )
            return [Problem("ballot.none", message)]
        problems = self.judge_each(marks, offer, settings)
        if len(marks) < settings.projects:
            message = Text(
                "You have judged {count} of at least {needed} projects. Judge {more} more.",
                "Thug thu breith air {count}. Feumaidh tu breith a thoirt air co-dhiù {needed} de phròiseactan. "
                "Thoir breith air {more} a bharrachd.",
            ).format(count=len(marks), needed=settings.projects, more=settings.projects - len(marks))
            problems.append(Problem("ballot.too_few", message))
        return problems

    def so_far(self, marks: Marks, offer: Offer, settings: MajorityJudgementSettings) -> Text:
        return Text(
            "Judged so far: {count} of {all} projects.",
            "Pròiseactan air an tug thu breith gu ruige seo: {count} à {all}.",
        ).format(count=len(marks), all=len(offer.projects))

    def row(self, project: Project, raw: Raw, offer: Offer, settings: MajorityJudgementSettings) -> Mapping[str, Any]:
        found = super().row(project, raw, offer, settings)
        labels = self.labels(settings)
        grades = [
            {"value": str(value), "label": labels[value], "checked": found["value"].strip() == str(value)}
            for value in reversed(range(len(labels)))
        ]
        grades.append({"value": "", "label": NO_GRADE, "checked": not any(one["checked"] for one in grades)})
        return {**found, "grades": grades}

    def told(self, value: int, cost: str, labels: tuple[Text, ...]) -> Text:
        word = labels[value] if value < len(labels) else Text(str(value), str(value))
        return Text(f"{word.en} · {cost}", f"{word.gd} · {cost}")

    def heads(self, settings: MajorityJudgementSettings) -> tuple[Text, ...]:
        return tuple(reversed(self.labels(settings)))

    def bounds(self, offer: Offer, settings: MajorityJudgementSettings) -> dict[str, Any]:
        return {
            "minimum": settings.projects,
            "maximum": 0,
            "lowest": 0,
            "highest": len(settings.grades) - 1,
        }


class MajorityJudgementAreas(AreasFormat):
    key = "majority-judgement-areas"
    label = Text("Judge each project, in one area", "Thoir breith air gach pròiseact, ann an aon sgìre")
    description = Text(
        "Each voter chooses one area and judges its projects. They may also judge the projects that are for everybody. "
        "Each area has its own money.",
        "Taghaidh gach neach-bhòtaidh aon sgìre agus bheir iad breith air na pròiseactan aice. Faodaidh iad breith a "
        "thoirt cuideachd air na pròiseactan a tha dhan a h-uile duine. Tha a h-airgead fhèin aig gach sgìre.",
    )
    family = MajorityJudgement.family
    inner = MajorityJudgement()
    Settings = MajorityJudgementAreasSettings
