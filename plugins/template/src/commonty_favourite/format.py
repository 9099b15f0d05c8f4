"""Each voter chooses exactly one project."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from commonty_favourite.settings import FavouriteSettings
from plugins.api import Offer, Problem, Project, Raw, Text
from plugins.api.choosing import FIELD, ChoiceFormat


class Favourite(ChoiceFormat):
    key = "favourite"
    label = Text("Choose your favourite project", "Tagh am pròiseact as fheàrr leat")
    description = Text(
        "Each voter chooses one project, which counts as one vote.",
        "Taghaidh gach neach-bhòtaidh aon phròiseact, a chunntas mar aon bhòt.",
    )
    Settings = FavouriteSettings
    fields = "commonty_favourite/fields.html"

    def limits(self, offer: Offer, settings: FavouriteSettings) -> tuple[int, int]:
        return 1, 1

    def rule(self, offer: Offer, settings: FavouriteSettings) -> Text:
        return Text("Choose one project.", "Tagh aon phròiseact.")

    def count_problem(self, count: int, offer: Offer, settings: FavouriteSettings) -> Problem | None:
        if count == 1:
            return None
        message = Text(
            "You have chosen {count} projects. Choose one.",
            "Thagh thu {count} de phròiseactan. Tagh aon.",
        )
        return Problem("ballot.too_many", message.format(count=count), FIELD)

    def row(self, project: Project, raw: Raw, offer: Offer, settings: FavouriteSettings) -> Mapping[str, Any]:
        return {**super().row(project, raw, offer, settings), "costs_shown": settings.costs_shown}
