"""Tick as many projects as you support, within limits; also in one area and everywhere."""

from __future__ import annotations

from typing import Any

from plugins.api.areas import AreasFormat
from plugins.api.choosing import FIELD, ChoiceFormat
from plugins.api.marking import MORE_THAN_OFFERED
from plugins.api.text import Text
from plugins.api.values import Offer, Problem
from plugins.bundled.ballot_approval.settings import ApprovalAreasSettings, ApprovalSettings


class Approval(ChoiceFormat):
    key = "approval"
    label = Text("Choose the projects you support", "Tagh na pròiseactan ris a bheil thu a’ cur taic")
    description = Text(
        "Each voter ticks the projects they support. Every tick counts as one vote.",
        "Cuiridh gach neach-bhòtaidh strìochag ri na pròiseactan ris a bheil iad a’ cur taic. "
        "Tha gach strìochag a’ cunntadh mar aon bhòt.",
    )
    Settings = ApprovalSettings

    def limits(self, offer: Offer, settings: ApprovalSettings) -> tuple[int, int]:
        return settings.minimum, settings.maximum or len(offer.projects)

    def rule(self, offer: Offer, settings: ApprovalSettings) -> Text:
        minimum, maximum = self.limits(offer, settings)
        if minimum > 1:
            return Text(
                "Choose at least {minimum} and at most {maximum} projects.",
                "Tagh pròiseactan: {minimum} aig a’ char as lugha, {maximum} aig a’ char as motha.",
            ).format(minimum=minimum, maximum=maximum)
        if settings.maximum == 1:
            return Text("Choose one project.", "Tagh aon phròiseact.")
        if settings.maximum:
            return Text("Choose up to {maximum} projects.", "Tagh pròiseactan: {maximum} aig a’ char as motha.").format(
                maximum=maximum
            )
        return Text(
            "Choose as many projects as you like, but at least one.",
            "Tagh na thogras tu de phròiseactan, ach co-dhiù aon.",
        )

    def unfit(self, offer: Offer, settings: Any) -> list[Problem]:
        if settings.minimum <= len(offer.projects):
            return []
        message = MORE_THAN_OFFERED.format(needed=settings.minimum, count=len(offer.projects))
        return [Problem("ballot_format.minimum", message, "minimum")]

    def count_problem(self, count: int, offer: Offer, settings: ApprovalSettings) -> Problem | None:
        minimum, maximum = self.limits(offer, settings)
        if count > maximum:
            message = Text(
                "You have chosen {count} projects. The most you can choose is {maximum}. Take away {extra}.",
                "Thagh thu {count} de phròiseactan. ’S e {maximum} an àireamh as motha. Thoir air falbh {extra}.",
            ).format(count=count, maximum=maximum, extra=count - maximum)
            return Problem("ballot.too_many", message, FIELD)
        if count < minimum:
            message = Text(
                "You have chosen {count} of at least {minimum} projects. Choose {more} more.",
                "Thagh thu {count}. Feumaidh tu co-dhiù {minimum} a thaghadh. Tagh {more} a bharrachd.",
            ).format(count=count, minimum=minimum, more=minimum - count)
            return Problem("ballot.too_few", message, FIELD)
        return None


class ApprovalAreas(AreasFormat):
    key = "approval-areas"
    label = Text("Choose projects, in one area", "Tagh pròiseactan, ann an aon sgìre")
    description = Text(
        "Each voter chooses one area and ticks projects there. They may also tick projects that are for everybody. "
        "Each area has its own money.",
        "Taghaidh gach neach-bhòtaidh aon sgìre agus cuiridh iad strìochag ri pròiseactan innte. Faodaidh iad "
        "strìochag a chur cuideachd ri pròiseactan a tha dhan a h-uile duine. Tha a h-airgead fhèin aig gach sgìre.",
    )
    family = Approval.family
    inner = Approval()
    Settings = ApprovalAreasSettings
