"""Tick exactly so many projects."""

from __future__ import annotations

from typing import Any

from plugins.api.choosing import FIELD, ChoiceFormat
from plugins.api.marking import MORE_THAN_OFFERED
from plugins.api.text import Text
from plugins.api.values import Offer, Problem
from plugins.bundled.ballot_exact_k.settings import ExactSettings


class ExactK(ChoiceFormat):
    key = "exact-k"
    label = Text("Choose a set number of projects", "Tagh àireamh shuidhichte de phròiseactan")
    description = Text(
        "Each voter ticks the same number of projects. Every tick counts as one vote.",
        "Cuiridh gach neach-bhòtaidh strìochag ris an aon àireamh de phròiseactan. "
        "Tha gach strìochag a’ cunntadh mar aon bhòt.",
    )
    Settings = ExactSettings

    def limits(self, offer: Offer, settings: ExactSettings) -> tuple[int, int]:
        return settings.count, settings.count

    def rule(self, offer: Offer, settings: ExactSettings) -> Text:
        if settings.count == 1:
            return Text("Choose one project.", "Tagh aon phròiseact.")
        return Text("Choose exactly {count} projects.", "Tagh pròiseactan: dìreach {count}.").format(
            count=settings.count
        )

    def unfit(self, offer: Offer, settings: Any) -> list[Problem]:
        if settings.count <= len(offer.projects):
            return []
        message = MORE_THAN_OFFERED.format(needed=settings.count, count=len(offer.projects))
        return [Problem("ballot_format.count", message, "count")]

    def count_problem(self, count: int, offer: Offer, settings: ExactSettings) -> Problem | None:
        if count > settings.count:
            message = Text(
                "You have chosen {count} projects. Choose exactly {needed}. Take away {extra}.",
                "Thagh thu {count} de phròiseactan. Tagh dìreach {needed}. Thoir air falbh {extra}.",
            ).format(count=count, needed=settings.count, extra=count - settings.count)
            return Problem("ballot.too_many", message, FIELD)
        if count < settings.count:
            message = Text(
                "You have chosen {count} projects. Choose exactly {needed}. Choose {more} more.",
                "Thagh thu {count} de phròiseactan. Tagh dìreach {needed}. Tagh {more} a bharrachd.",
            ).format(count=count, needed=settings.count, more=settings.count - count)
            return Problem("ballot.too_few", message, FIELD)
        return None
