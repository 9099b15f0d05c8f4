"""Give each project a score out of a range."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plugins.api.kinds import Raw
from plugins.api.marking import MORE_THAN_OFFERED, Marks, ValueFormat, about, as_is
from plugins.api.text import Text
from plugins.api.values import BallotFamily, Mark, Offer, Problem, Project
from plugins.bundled.ballot_score.settings import ScoreSettings

SCORE = Text("Score: {score} · {cost}", "Sgòr: {score} · {cost}")


class Score(ValueFormat):
    key = "score"
    label = Text("Score each project", "Thoir sgòr do gach pròiseact")
    description = Text(
        "Each voter gives projects a score, each by itself. All scores of a project are added up.",
        "Bheir gach neach-bhòtaidh sgòr do phròiseactan, gach fear leis fhèin. Thèid na sgòran uile aig pròiseact a "
        "chur ri chèile.",
    )
    family = BallotFamily.CARDINAL
    mark = Mark.SCORE
    Settings = ScoreSettings
    fields = "ballot_score/fields.html"
    prefix = "score-"
    not_read = Text(
        "{project}: choose one of the scores, or none.",
        "{project}: tagh aon de na sgòran, no na tagh gin.",
    )

    def rules(self, offer: Offer, settings: ScoreSettings) -> tuple[Text, ...]:
        first = Text(
            "Give projects a score from {lowest} to {highest}. {highest} is the best. "
            "A project without a score counts as 0.",
            "Thoir sgòr do phròiseactan, o {lowest} gu {highest}. ’S e {highest} as fheàrr. "
            "Bidh pròiseact gun sgòr a’ cunntadh mar 0.",
        ).format(lowest=settings.lowest, highest=settings.highest)
        if settings.projects == 1:
            return (first,)
        second = Text("Score at least {needed} projects.", "Thoir sgòr do cho-dhiù {needed} de phròiseactan.")
        return first, second.format(needed=settings.projects)

    def unfit(self, offer: Offer, settings: ScoreSettings) -> list[Problem]:
        if settings.projects <= len(offer.projects):
            return []
        message = MORE_THAN_OFFERED.format(needed=settings.projects, count=len(offer.projects))
        return [Problem("ballot_format.projects", message, "projects")]

    def judge_one(self, project: Project, value: int, settings: ScoreSettings) -> list[Problem]:
        if settings.lowest <= value <= settings.highest:
            return []
        message = Text(
            "{project} has the score {score}. Choose a score from {lowest} to {highest}.",
            "Tha an sgòr {score} aig {project}. Tagh sgòr o {lowest} gu {highest}.",
        )
        found = about(message, project, score=value, lowest=settings.lowest, highest=settings.highest)
        return [Problem("ballot.out_of_range", found, self.name(project.ref))]

    def judge(self, marks: Marks, offer: Offer, settings: ScoreSettings) -> list[Problem]:
        if not marks:
            message = Text(
                "You have not scored a project. Score at least one before you go on.",
                "Cha tug thu sgòr do phròiseact fhathast. Thoir sgòr do cho-dhiù aon mus lean thu air adhart.",
            )
            return [Problem("ballot.none", message)]
        problems = self.judge_each(marks, offer, settings)
        if len(marks) < settings.projects:
            message = Text(
                "You have scored {count} of at least {needed} projects. Score {more} more.",
                "Thug thu sgòr do {count}. Feumaidh tu sgòr a thoirt do cho-dhiù {needed} de phròiseactan. "
                "Thoir sgòr do {more} a bharrachd.",
            ).format(count=len(marks), needed=settings.projects, more=settings.projects - len(marks))
            problems.append(Problem("ballot.too_few", message))
        return problems

    def so_far(self, marks: Marks, offer: Offer, settings: ScoreSettings) -> Text:
        return Text(
            "Scored so far: {count} of {all} projects.",
            "Pròiseactan aig a bheil sgòr gu ruige seo: {count} à {all}.",
        ).format(count=len(marks), all=len(offer.projects))

    def row(self, project: Project, raw: Raw, offer: Offer, settings: ScoreSettings) -> Mapping[str, Any]:
        found = super().row(project, raw, offer, settings)
        return {**found, "scores": [str(score) for score in range(settings.lowest, settings.highest + 1)]}

    def told(self, value: int, cost: str, labels: tuple[Text, ...]) -> Text:
        return SCORE.format(score=value, cost=cost)

    def heads(self, settings: ScoreSettings) -> tuple[Text, ...]:
        return tuple(as_is(str(score)) for score in range(settings.lowest, settings.highest + 1))

    def bounds(self, offer: Offer, settings: ScoreSettings) -> dict[str, Any]:
        return {
            "minimum": settings.projects,
            "maximum": 0,
            "lowest": settings.lowest,
            "highest": settings.highest,
        }
