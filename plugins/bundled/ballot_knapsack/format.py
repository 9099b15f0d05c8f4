"""Tick projects that together cost no more than there is to spend; also in one area and everywhere."""

from __future__ import annotations

from typing import Any

from plugins.api.areas import AreasFormat
from plugins.api.choosing import FIELD, ChoiceFormat
from plugins.api.marking import Marks, about, cost_of
from plugins.api.money import Money
from plugins.api.text import Text
from plugins.api.values import Offer, Problem
from plugins.bundled.ballot_knapsack.settings import KnapsackAreasSettings, KnapsackSettings

NO_MONEY = Text(
    "The money of {area} is not said. Give each area its pot, or set the most that a ballot may spend.",
    "Chan eil airgead air a chur an cèill airson {area}. Thoir poit do gach sgìre, no suidhich na dh’fhaodas "
    "pàipear-bhòtaidh a chosg aig a’ char as motha.",
)


class Knapsack(ChoiceFormat):
    key = "knapsack"
    label = Text("Spend the budget", "Cosg am buidseat")
    description = Text(
        "Each voter ticks projects until the money is used up: a ballot may not cost more than there is to spend. "
        "Every tick counts as one vote.",
        "Cuiridh gach neach-bhòtaidh strìochag ri pròiseactan gus am bi an t-airgead air a chleachdadh: chan fhaod "
        "pàipear-bhòtaidh barrachd a chosg na tha ann. Tha gach strìochag a’ cunntadh mar aon bhòt.",
    )
    Settings = KnapsackSettings

    def limits(self, offer: Offer, settings: KnapsackSettings) -> tuple[int, int]:
        return 1, len(offer.projects)

    def cap(self, offer: Offer, settings: KnapsackSettings) -> Money:
        return Money(settings.cap, offer.budget.currency) if settings.cap else offer.budget

    def rule(self, offer: Offer, settings: KnapsackSettings) -> Text:
        cap = self.cap(offer, settings)
        if settings.floor:
            return Text(
                "Choose projects that together cost at least {floor} and at most {cap}.",
                "Tagh pròiseactan a chosgas co-dhiù {floor} còmhla, agus {cap} aig a’ char as motha.",
            ).format(floor=Money(settings.floor, cap.currency).format(), cap=cap.format())
        return Text(
            "Choose projects that together cost at most {cap}.",
            "Tagh pròiseactan a chosgas {cap} còmhla aig a’ char as motha.",
        ).format(cap=cap.format())

    def unfit(self, offer: Offer, settings: KnapsackSettings) -> list[Problem]:
        cap = self.cap(offer, settings)
        problems = [
            Problem(
                "ballot_format.too_dear",
                about(
                    Text(
                        "{project} costs {cost}. Nobody could choose it, as a ballot may spend {cap}. Raise that or "
                        "take the project off the ballot.",
                        "Cosgaidh {project} {cost}. Chan urrainn do dhuine sam bith a thaghadh, oir faodaidh "
                        "pàipear-bhòtaidh {cap} a chosg. Àrdaich sin no thoir am pròiseact far a’ phàipeir.",
                    ),
                    project,
                    cost=project.cost.format(),
                    cap=cap.format(),
                ),
                "cap",
            )
            for project in offer.projects
            if project.cost.minor > cap.minor
        ]
        whole = sum(project.cost.minor for project in offer.projects)
        if settings.floor > min(cap.minor, whole):
            message = Text(
                "A ballot must spend at least {floor}, and cannot: all projects together cost {whole} and it may "
                "spend {cap}. Ask for less.",
                "Feumaidh pàipear-bhòtaidh co-dhiù {floor} a chosg, agus chan urrainn dha: cosgaidh na pròiseactan "
                "uile {whole} agus faodaidh e {cap} a chosg. Iarr nas lugha.",
            ).format(
                floor=Money(settings.floor, cap.currency).format(),
                whole=Money(whole, cap.currency).format(),
                cap=cap.format(),
            )
            problems.append(Problem("ballot_format.floor", message, "floor"))
        return problems

    def judge(self, marks: Marks, offer: Offer, settings: KnapsackSettings) -> list[Problem]:
        if not marks:
            return super().judge(marks, offer, settings)
        cost, cap = cost_of(marks, offer), self.cap(offer, settings)
        if cost.minor > cap.minor:
            message = Text(
                "Your projects cost {cost}. That is {extra} more than the {cap} there is to spend. "
                "Take one or more away.",
                "Cosgaidh na pròiseactan agad {cost}. Tha sin {extra} a bharrachd air na tha ri chosg: {cap}. "
                "Thoir fear no barrachd air falbh.",
            ).format(cost=cost.format(), extra=(cost - cap).format(), cap=cap.format())
            return [Problem("ballot.over_budget", message, FIELD)]
        if cost.minor < settings.floor:
            message = Text(
                "Your projects cost {cost}. Choose more, until they cost at least {floor}.",
                "Cosgaidh na pròiseactan agad {cost}. Tagh barrachd, gus an cosg iad co-dhiù {floor}.",
            ).format(cost=cost.format(), floor=Money(settings.floor, cap.currency).format())
            return [Problem("ballot.under_minimum", message, FIELD)]
        return []

    def so_far(self, marks: Marks, offer: Offer, settings: KnapsackSettings) -> Text:
        cost, cap = cost_of(marks, offer), self.cap(offer, settings)
        if cost.minor > cap.minor:
            return Text(
                "Chosen so far: {cost} of {cap}. That is {extra} too much.",
                "Air an taghadh gu ruige seo: {cost} à {cap}. Tha sin {extra} a bharrachd air na tha ri chosg.",
            ).format(cost=cost.format(), cap=cap.format(), extra=(cost - cap).format())
        return Text(
            "Chosen so far: {cost} of {cap}. Left: {left}.",
            "Air an taghadh gu ruige seo: {cost} à {cap}. Air fhàgail: {left}.",
        ).format(cost=cost.format(), cap=cap.format(), left=(cap - cost).format())

    def meter(self, marks: Marks, offer: Offer, settings: KnapsackSettings) -> tuple[int, int] | None:
        return cost_of(marks, offer).minor, self.cap(offer, settings).minor

    def bounds(self, offer: Offer, settings: Any) -> dict[str, Any]:
        return {
            "minimum": 1,
            "maximum": 0,
            "budget": self.cap(offer, settings).minor,
            "spend_minimum": settings.floor,
        }


class KnapsackAreas(AreasFormat):
    key = "knapsack-areas"
    label = Text("Spend the budget of one area", "Cosg buidseat aon sgìre")
    description = Text(
        "Each voter chooses one area and spends its money on projects there. They may also spend the money that is "
        "for everybody.",
        "Taghaidh gach neach-bhòtaidh aon sgìre agus cosgaidh iad a h-airgead air pròiseactan innte. Faodaidh iad an "
        "t-airgead a tha dhan a h-uile duine a chosg cuideachd.",
    )
    family = Knapsack.family
    inner = Knapsack()
    Settings = KnapsackAreasSettings

    def check(self, offer: Offer, settings: KnapsackAreasSettings) -> list[Problem]:
        problems = super().check(offer, settings)
        for area, _part, rule in self.parts(offer, settings):
            if not rule.cap and offer.pot(area) is None:
                path = "local.cap" if area else "everywhere.cap"
                problems.append(Problem("ballot_format.no_pot", NO_MONEY.format(area=self.heading(area).en), path))
        return problems
