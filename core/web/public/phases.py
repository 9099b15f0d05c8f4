"""The states of a round in the words of its pages."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.rounds.lifecycle import State
from core.rounds.models import Round


@dataclass(frozen=True, slots=True)
class Phase:
    """What a state is called, what it means for a resident, and the colour of its tag."""

    name: str | Promise
    meaning: str | Promise
    colour: str = "grey"


PHASES: dict[str, Phase] = {
    State.DESIGN: Phase(_("Being planned"), _("The round is being planned.")),
    State.IDEAS: Phase(_("Ideas"), _("Residents are putting forward ideas."), "blue"),
    State.CO_CONSTRUCTION: Phase(
        _("Working out ideas"), _("Residents and officers are turning ideas into projects."), "blue"
    ),
    State.FEASIBILITY: Phase(_("Checking"), _("Officers are checking what each project costs and needs."), "blue"),
    State.BALLOT_PREP: Phase(
        _("Voting opens soon"), _("The projects are ready to be read. Voting opens soon."), "blue"
    ),
    State.VOTING: Phase(_("Voting is open"), _("You can vote now."), "green"),
    State.COUNT: Phase(_("Being counted"), _("Voting has closed. The ballots are being counted."), "orange"),
    State.RATIFICATION: Phase(_("Result"), _("The result is published."), "purple"),
    State.DELIVERY: Phase(_("Under way"), _("The chosen projects are being carried out."), "purple"),
    State.EVALUATION: Phase(
        _("Looking back"), _("The projects are done and the round is being looked back on."), "purple"
    ),
    State.CLOSED: Phase(_("Finished"), _("The round is finished."), "grey"),
    State.SUSPENDED: Phase(_("Paused"), _("The round is paused. Ballots that were sent are kept safe."), "orange"),
    State.CANCELLED: Phase(_("Cancelled"), _("The round was cancelled."), "grey"),
}
DECIDED = frozenset({State.RATIFICATION, State.DELIVERY, State.EVALUATION, State.CLOSED})
# From here on residents see what will stand on the ballot.
READABLE = frozenset({State.FEASIBILITY, State.BALLOT_PREP, State.VOTING, State.COUNT, State.SUSPENDED, *DECIDED})


def phase_of(round: Round) -> Phase:
    return PHASES[State(round.state)]
