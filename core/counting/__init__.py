"""Counting: profile, tally, order of ties, receipts and hash trees. Pure; no Django, no database, no network."""

from core.counting.deciding import Change, WhatIf, decide, inner_of, what_if
from core.counting.digest import digest_of, profile_digest
from core.counting.merkle import inclusion_holds, inclusion_proof, leaf_hash, log_leaf, node_hash, root_of
from core.counting.parts import KeptMoneySpent, Part, parts_decided, parts_of, parts_problems, rules_in, together
from core.counting.receipt import box_digest, receipt_hash
from core.counting.tally import Tally, ballots_tally, outcome_digest, profile_tally
from core.counting.tie_break import commitment_of, tie_break_from
from plugins.api.profile import Profile

__all__ = [
    "Change",
    "KeptMoneySpent",
    "Part",
    "Profile",
    "Tally",
    "WhatIf",
    "ballots_tally",
    "box_digest",
    "commitment_of",
    "decide",
    "digest_of",
    "inclusion_holds",
    "inclusion_proof",
    "inner_of",
    "leaf_hash",
    "log_leaf",
    "node_hash",
    "outcome_digest",
    "parts_decided",
    "parts_of",
    "parts_problems",
    "profile_digest",
    "profile_tally",
    "receipt_hash",
    "root_of",
    "rules_in",
    "tie_break_from",
    "together",
    "what_if",
]
