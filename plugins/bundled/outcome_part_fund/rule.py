"""By votes, with a part: a project that does not fit gets what is left, if its proposer can begin with that."""

from __future__ import annotations

from plugins.api.by_votes import ByVotes
from plugins.api.text import Text
from plugins.api.values import Candidate
from plugins.bundled.outcome_part_fund.settings import PartFundSettings


class GreedyPartFund(ByVotes):
    key = "greedy-part-fund"
    label = Text(
        "Most votes first, with a part for one that does not fit",
        "Na bhòtaichean as motha an toiseach, le pàirt do fhear a tha ro dhaor",
    )
    description = Text(
        "Projects are funded from the most votes down. One that costs more than the money left gets what is left, if "
        "its proposer has said that they can begin with as much; otherwise it is passed over.",
        "Thèid pròiseactan a mhaoineachadh bhon fhear as motha bhòtaichean sìos. Ma chosgas pròiseact barrachd na tha "
        "air fhàgail, gheibh e na tha air fhàgail, ma thuirt an neach-molaidh gun gabh tòiseachadh le sin; mura tuirt, "
        "thèid leum thairis air.",
    )
    Settings = PartFundSettings

    def least(self, candidate: Candidate, settings: PartFundSettings) -> int:
        said = candidate.minimum
        if said is None:
            said = -(-candidate.cost * settings.part_percent // 100)
        # Nothing at all is no part.
        return min(max(said, 1), candidate.cost)
