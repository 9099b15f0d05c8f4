"""By votes: most votes or points first, as long as the money lasts.

`greedy-skip` passes over a project that does not fit and goes on; `greedy-stop` ends there. Whole numbers only.
"""

from __future__ import annotations

from plugins.api.by_votes import ByVotes
from plugins.api.text import Text
from plugins.bundled.outcome_greedy.settings import GreedySettings


class GreedySkip(ByVotes):
    key = "greedy-skip"
    label = Text(
        "Most votes first, passing over what does not fit",
        "Na bhòtaichean as motha an toiseach, a’ leum thairis air na tha ro dhaor",
    )
    description = Text(
        "Projects are funded from the most votes down. A project that costs more than the money left is passed "
        "over and the next one is looked at.",
        "Thèid pròiseactan a mhaoineachadh bhon fhear as motha bhòtaichean sìos. Ma chosgas pròiseact barrachd na "
        "tha air fhàgail, thèid leum thairis air agus thèid coimhead air an ath fhear.",
    )
    Settings = GreedySettings


class GreedyStop(ByVotes):
    key = "greedy-stop"
    label = Text(
        "Most votes first, until one does not fit",
        "Na bhòtaichean as motha an toiseach, gus nach gabh fear a phàigheadh",
    )
    description = Text(
        "Projects are funded from the most votes down. The count ends at the first project that costs more than "
        "the money left.",
        "Thèid pròiseactan a mhaoineachadh bhon fhear as motha bhòtaichean sìos. Thig an cunntas gu crìch aig a’ "
        "chiad phròiseact a chosgas barrachd na tha air fhàgail.",
    )
    Settings = GreedySettings
    stops = True
