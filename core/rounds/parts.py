"""What rounds themselves ask before residents see them and before voting opens: their words, and ways of proving."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.kernel.errors import NotFound
from core.rounds.choices import modules_missing, modules_of
from core.rounds.lifecycle import GuardFailure, State
from core.rounds.models import Round
from core.rounds.selectors import rules_of
from plugins.api.text import Text
from plugins.host.selectors import eligibility_proof, withdrawn

CHOOSE_PROOFS = Text(
    "Choose how people prove who they are.", "Tagh ciamar a dhearbhas daoine cò iad."
)  # said by two guards
NONE = GuardFailure(
    "round.no_proofs",
    Text(
        "Nobody could vote: no way to prove who one is has been chosen.",
        "Cha b’ urrainn do dhuine bhòtadh: cha deach dòigh air dearbhadh a thaghadh.",
    ),
    CHOOSE_PROOFS,
)
NOT_SHARED = GuardFailure(
    "round.proofs_share",
    Text(
        "One person could vote twice: the chosen ways of proving who one is have nothing in common.",
        "B’ urrainn do dhuine bhòtadh dà thuras: chan eil dad an cumantas aig na dòighean dearbhaidh a thagh thu.",
    ),
    Text(
        "Choose one way only, or ways that know people by the same thing.",
        "Na tagh ach aon dòigh, no dòighean a dh’aithnicheas daoine air an aon rud.",
    ),
)
GONE = Text(
    "The way to prove who one is called {key} is not switched on here.",
    "Chan eil an dòigh dearbhaidh {key} air a cur an comas an seo.",
)


def proofs_failures(keys: Sequence[str]) -> list[GuardFailure]:
    """What is wrong with these proofs together: none, one that is not here, or two doors that could let one in twice.

    Two doors lead to one entry of the roll only where every proof knows people by a namespace the others know too.
    """
    if not keys:
        return [NONE]
    failures: list[GuardFailure] = []
    shared: frozenset[str] | None = None
    for key in keys:
        try:
            namespaces = eligibility_proof(key).namespaces
        except NotFound:
            failures.append(GuardFailure("round.proof_gone", GONE.format(key=key), CHOOSE_PROOFS))
            continue
        shared = namespaces if shared is None else shared & namespaces
    return failures or ([] if shared else [NOT_SHARED])


WORDS: dict[str, GuardFailure] = {
    field: GuardFailure(
        f"round.no_{field}",
        Text(f"The round does not say {en}.", f"Chan eil a’ chuairt ag ràdh {gd}."),
        Text(
            "Write it in English; Gaelic can follow.",
            "Sgrìobh e sa Bheurla; faodaidh a’ Ghàidhlig tighinn às a dhèidh.",
        ),
    )
    for field, en, gd in (
        ("purpose", "what it is for", "carson a tha i ann"),
        ("open_to_influence", "what residents decide", "dè tha an luchd-còmhnaidh a’ co-dhùnadh"),
        ("fixed", "what is already fixed", "dè tha stèidhichte mu thràth"),
        ("eligibility", "who may vote", "cò dh’fhaodas bhòtadh"),
    )
}


class WordsReady:
    """Residents see a round only once it says what it is for, what is theirs to decide, and who may vote."""

    name = "rounds"
    verbs = frozenset({"start_ideas", "prepare_ballot", "open_voting"})

    def guards(self, round: Round) -> Sequence[GuardFailure]:
        return [failure for field, failure in WORDS.items() if not getattr(round, field).en.strip()]

    def effect(self, round: Round, actor: Any) -> None:
        """Nothing to do: the words stand."""


WITHDRAWN = Text(
    "The module {key} was withdrawn for new rounds.", "Chaidh am modal {key} a tharraing air ais airson chuairtean ùra."
)
CHOOSE_ANOTHER = Text(
    "Choose another. Under “Modules” you can read why.", "Tagh fear eile. Fo “Modalan” gheibh thu an t-adhbhar."
)


class ModulesAllowed:
    """A round that leaves design uses nothing that the national team has withdrawn. One that residents see goes on."""

    name = "rounds"
    verbs = frozenset({"start_ideas", "prepare_ballot"})

    def guards(self, round: Round) -> Sequence[GuardFailure]:
        if round.state != State.DESIGN.value:
            return []
        gone = withdrawn(sorted(set(modules_of(round, rules_of(round)))))
        return [
            GuardFailure("round.module_withdrawn", WITHDRAWN.format(key=key), CHOOSE_ANOTHER) for _kind, key in gone
        ]

    def effect(self, round: Round, actor: Any) -> None:
        """Nothing to do: what was chosen stays chosen."""


MISSING = Text("The module {key} does not load.", "Chan eil am modal {key} a’ luchdadh.")
ASK_FOR_IT = Text(
    "Ask the national team to put it right; then try again.",
    "Iarr air an sgioba nàiseanta a chur ceart; an uair sin feuch a-rithist.",
)


class ModulesStand:
    """A vote that was suspended goes on only with the modules it opened with: nobody could fill in its ballot."""

    name = "rounds"
    verbs = frozenset({"resume"})

    def guards(self, round: Round) -> Sequence[GuardFailure]:
        return [
            GuardFailure("round.module_missing", MISSING.format(key=key), ASK_FOR_IT)
            for _kind, key in modules_missing(round, rules_of(round))
        ]

    def effect(self, round: Round, actor: Any) -> None:
        """Nothing to do: the offer names its modules."""


class ProofsReady:
    """Voting opens only where people can prove who they are, and nobody twice."""

    name = "rounds"
    verbs = frozenset({"open_voting"})

    def guards(self, round: Round) -> Sequence[GuardFailure]:
        return proofs_failures(round.proofs)

    def effect(self, round: Round, actor: Any) -> None:
        """Nothing to do: voting freezes the offer."""
