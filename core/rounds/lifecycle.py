"""The life of a round: one table of transitions, one function that answers, and no Django.

`python -m core.rounds.lifecycle` prints the diagram that stands in the README.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from plugins.api.text import Text


class State(StrEnum):
    """Where a round stands. A round is always in exactly one state; dates never are the state."""

    DESIGN = "design"
    IDEAS = "ideas"
    CO_CONSTRUCTION = "co_construction"
    FEASIBILITY = "feasibility"
    BALLOT_PREP = "ballot_prep"
    VOTING = "voting"
    COUNT = "count"
    RATIFICATION = "ratification"
    DELIVERY = "delivery"
    EVALUATION = "evaluation"
    CLOSED = "closed"
    SUSPENDED = "suspended"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class GuardFailure:
    """Why a round cannot move on, and what would satisfy the guard."""

    code: str
    message: Text
    remedy: Text


@dataclass(frozen=True, slots=True)
class Facts:
    """What guards judge by. `pot` in pence, times aware.

    `failures` come from the parts of higher modules, `parts` names those modules; `reason` is a Reason or empty.
    """

    pot: int = 0
    has_rules: bool = False
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    now: datetime | None = None
    failures: tuple[GuardFailure, ...] = ()
    parts: frozenset[str] = frozenset()
    reason: str = ""


class Reason(StrEnum):
    """Why a person took a step that needs a reason. The code is public; their own words stay with the council."""

    CORRECTION = "correction"
    FAULT = "fault"
    SAFETY = "safety"
    LEGAL = "legal"
    FUNDING = "funding"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Transition:
    """One line of the table.

    `undo` names the verb that takes it back; empty means it cannot be undone. `needs` names the module without whose
    part the step may not be taken at all. `reasoned`: whoever takes it says why.
    """

    verb: str
    source: State
    target: State
    roles: frozenset[str]
    guards: tuple[str, ...] = ()
    undo: str = ""
    needs: str = ""
    reasoned: bool = False

    @property
    def reversible(self) -> bool:
        return bool(self.undo)


def _pot(facts: Facts) -> GuardFailure | None:
    if facts.pot > 0:
        return None
    return GuardFailure(
        "round.pot_empty",
        Text("The pot holds no money.", "Chan eil airgead sa phoit."),
        Text("Add a fund source with an amount above £0.", "Cuir ris tùs maoine le suim os cionn £0."),
    )


def _dates(facts: Facts) -> GuardFailure | None:
    if facts.opens_at and facts.closes_at and facts.now and facts.opens_at < facts.closes_at:
        if facts.closes_at > facts.now:
            return None
        return GuardFailure(
            "round.closes_in_past",
            Text("The closing time has passed.", "Chaidh an t-àm dùnaidh seachad."),
            Text("Set a closing time in the future.", "Suidhich àm dùnaidh san àm ri teachd."),
        )
    return GuardFailure(
        "round.dates_order",
        Text("The voting dates are missing or in the wrong order.", "Tha na cinn-latha a dhìth no san òrdugh cheàrr."),
        Text("Give an opening time and a later closing time.", "Suidhich àm fosglaidh agus àm dùnaidh às a dhèidh."),
    )


def _rules(facts: Facts) -> GuardFailure | None:
    if facts.has_rules:
        return None
    return GuardFailure(
        "round.no_rules",
        Text("The round has no ballot and no rule for the result.", "Chan eil baileat no riaghailt aig a' chuairt."),
        Text("Choose a kind of ballot and a rule.", "Tagh seòrsa baileit agus riaghailt."),
    )


def _early(facts: Facts) -> GuardFailure | None:
    """Residents were told until when they can vote; whoever shortens that says why."""
    if facts.reason or not (facts.closes_at and facts.now and facts.now < facts.closes_at):
        return None
    return GuardFailure(
        "round.closes_early",
        Text("Voting was announced to be open for longer.", "Chaidh innse gum biodh am bhòtadh fosgailte nas fhaide."),
        Text(
            "Wait for the closing time, or choose the reason for closing early and say it in your own words.",
            "Fuirich ris an àm dùnaidh, no tagh adhbhar airson dùnadh tràth agus mìnich e nad fhaclan fhèin.",
        ),
    )


GUARDS: Mapping[str, Callable[[Facts], GuardFailure | None]] = {
    "pot": _pot,
    "dates": _dates,
    "rules": _rules,
    "early": _early,
}

PART_MISSING = GuardFailure(
    "round.part_missing",
    Text("The ballot box is not set up on this service.", "Chan eil am bogsa-bhòtaidh air a chur air dòigh an seo."),
    Text("Ask the people who run this service.", "Faighnich dhan fheadhainn a ruitheas an t-seirbheis seo."),
)
REASON_MISSING = GuardFailure(
    "round.reason_missing",
    Text("This step needs a reason.", "Tha feum aig a’ cheum seo air adhbhar."),
    Text("Choose the reason and say it in your own words.", "Tagh an t-adhbhar agus mìnich e nad fhaclan fhèin."),
)
BALLOT_BOX = "voting"
OFFICERS = frozenset({"officer"})
MANAGERS = frozenset({"officer", "round_manager"})
BEFORE_BALLOT = (State.DESIGN, State.IDEAS, State.CO_CONSTRUCTION, State.FEASIBILITY)
EDITABLE = frozenset(state.value for state in (*BEFORE_BALLOT, State.BALLOT_PREP))


def _table() -> Iterable[Transition]:
    for source, target in itertools.pairwise(BEFORE_BALLOT):
        back = f"return_to_{source.value}"
        yield Transition(f"start_{target.value}", source, target, MANAGERS, undo=back)
        yield Transition(back, target, source, MANAGERS)
    for source in BEFORE_BALLOT:
        back = f"reopen_{source.value}"
        yield Transition("prepare_ballot", source, State.BALLOT_PREP, MANAGERS, undo=back)
        yield Transition(back, State.BALLOT_PREP, source, MANAGERS)
    ready = ("pot", "dates", "rules")
    yield Transition("open_voting", State.BALLOT_PREP, State.VOTING, MANAGERS, guards=ready, needs=BALLOT_BOX)
    yield Transition("suspend", State.VOTING, State.SUSPENDED, OFFICERS, undo="resume", reasoned=True)
    yield Transition("resume", State.SUSPENDED, State.VOTING, OFFICERS)
    yield Transition("close_voting", State.VOTING, State.COUNT, MANAGERS, guards=("early",), needs=BALLOT_BOX)
    yield Transition("publish_result", State.COUNT, State.RATIFICATION, OFFICERS, needs=BALLOT_BOX)
    yield Transition("start_delivery", State.RATIFICATION, State.DELIVERY, MANAGERS, undo="return_to_ratification")
    yield Transition("return_to_ratification", State.DELIVERY, State.RATIFICATION, MANAGERS)
    yield Transition("start_evaluation", State.DELIVERY, State.EVALUATION, MANAGERS, undo="return_to_delivery")
    yield Transition("return_to_delivery", State.EVALUATION, State.DELIVERY, MANAGERS)
    yield Transition("close_round", State.EVALUATION, State.CLOSED, OFFICERS)
    for source in (*BEFORE_BALLOT, State.BALLOT_PREP, State.SUSPENDED):
        yield Transition("cancel", source, State.CANCELLED, OFFICERS, reasoned=True)


TABLE: tuple[Transition, ...] = tuple(_table())


def find(state: str, verb: str) -> Transition | None:
    """The line for this verb in this state, or None."""
    return next((row for row in TABLE if row.source == state and row.verb == verb), None)


def verbs_from(state: str) -> tuple[Transition, ...]:
    """What can be done with a round in this state."""
    return tuple(row for row in TABLE if row.source == state)


def may(actor_roles: Iterable[str], verb: str, state: str) -> bool:
    """Whether somebody with these roles may do this now."""
    row = find(state, verb)
    return row is not None and bool(row.roles & frozenset(actor_roles))


def transition(state: str, verb: str, facts: Facts) -> State | list[GuardFailure]:
    """The new state, or every guard that failed."""
    row = find(state, verb)
    if row is None:
        return [
            GuardFailure(
                "round.wrong_state",
                Text(
                    "The round cannot take this step now.",
                    "Chan eil an ceum seo fosgailte dhan chuairt.",
                ),
                Text(
                    "Look at the round's page for its next steps.",
                    "Faic duilleag na cuairte.",
                ),
            )
        ]
    failed = [failure for name in row.guards if (failure := GUARDS[name](facts)) is not None]
    if row.needs and row.needs not in facts.parts:
        failed.append(PART_MISSING)
    if row.reasoned and not facts.reason:
        failed.append(REASON_MISSING)
    failed.extend(facts.failures)
    return failed or row.target


def diagram() -> str:
    """The table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {State.DESIGN.value}"]
    lines += [f"    {row.source.value} --> {row.target.value}: {row.verb}" for row in TABLE]
    lines += [f"    {end.value} --> [*]" for end in (State.CLOSED, State.CANCELLED)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(diagram())
