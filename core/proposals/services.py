"""Writes of projects, and what the projects say when voting is about to open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from core.audit.services import event_record
from core.kernel.errors import Invalid, Refused
from core.people.models import Person
from core.proposals.events import ProposalSaved
from core.proposals.models import Proposal
from core.proposals.selectors import proposals_on_ballot
from core.rounds.lifecycle import GuardFailure
from core.rounds.models import Round
from core.rounds.selectors import pot_total, rules_of
from core.rounds.services import EDITABLE
from plugins.api.money import Money
from plugins.api.text import LocalisedText, Text
from plugins.api.values import Offer, SubjectRef
from plugins.host.selectors import ballot_format, outcome_rule


@transaction.atomic
def proposal_save(
    *,
    round: Round,
    title: LocalisedText,
    cost: Money,
    actor: Person | None,
    proposal: Proposal | None = None,
    ref: str = "",
    benefit: LocalisedText = LocalisedText(""),  # noqa: B008
    description: LocalisedText = LocalisedText(""),  # noqa: B008
    officer_view: LocalisedText = LocalisedText(""),  # noqa: B008
    running_cost: Money | None = None,
    area: str = "",
    category: str = "",
    state: str = Proposal.State.ON_BALLOT,
) -> Proposal:
    """Add or change a project; `withdrawn` is a state. Raises Refused once voting has opened, or Invalid."""
    locked = Round.objects.select_for_update().get(pk=round.pk)
    if locked.state not in EDITABLE:
        raise Refused(
            "Voting has opened, so projects are frozen.",
            code="round.frozen",
            remedy="Publish a notice about the correction instead.",
        )
    if not title.en.strip():
        raise Invalid("Give the project a title.", code="project.title")
    if cost.minor < 0:
        raise Invalid("The cost cannot be less than nothing.", code="project.cost")
    row = proposal or Proposal(round=locked, ref=ref or _next_ref(locked))
    row.title, row.cost, row.benefit, row.description = title, cost, benefit, description
    row.officer_view, row.running_cost, row.area, row.category = officer_view, running_cost, area, category
    row.state = state
    row.save()
    event_record(
        ProposalSaved(round=str(locked.id), proposal=str(row.id), ref=row.ref, state=row.state),
        actor=actor,
        subject=SubjectRef("proposal", str(row.id)),
    )
    return row


def _next_ref(round: Round) -> str:
    taken = set(Proposal.objects.filter(round=round).values_list("ref", flat=True))
    number = len(taken) + 1
    while f"P-{number:02}" in taken:
        number += 1
    return f"P-{number:02}"


ABOVE_POT = Text("{ref} costs {cost}, and the pot holds {pot}.", "Tha {ref} a' cosg {cost}, agus {pot} sa phoit.")
LOWER_OR_WITHDRAW = Text(
    "Lower its cost, withdraw it or add money to the pot.",
    "Lùghdaich a chosgais, thoir air falbh e no cuir airgead ris a' phoit.",
)


CHANGE_RULES = Text("Change the rules or the projects.", "Atharraich na riaghailtean no na pròiseactan.")


class ProjectsReady:
    """Voting opens only on projects that exist and that the pot could pay for."""

    verbs = frozenset({"open_voting"})

    def guards(self, round: Round) -> Sequence[GuardFailure]:
        projects, pot = proposals_on_ballot(round), pot_total(round)
        if not projects:
            return [
                GuardFailure(
                    "round.no_projects",
                    Text("No project is on the ballot.", "Chan eil pròiseact air a' bhaileat."),
                    Text("Put at least one project on the ballot.", "Cuir co-dhiù aon phròiseact air a' bhaileat."),
                )
            ]
        return self._modules(round, projects, pot) + [
            GuardFailure(
                "round.project_above_pot",
                Text(
                    "{ref} costs {cost}, and the pot holds {pot}.", "Tha {ref} a' cosg {cost}, agus {pot} sa phoit."
                ).format(ref=row.ref, cost=row.cost, pot=pot),
                LOWER_OR_WITHDRAW,
            )
            for row in projects
            if row.cost > pot
        ]

    @staticmethod
    def _modules(round: Round, projects: Sequence[Proposal], pot: Money) -> list[GuardFailure]:
        """What the kind of ballot and the rule say of these projects."""
        rules = rules_of(round)
        if rules is None:
            return []
        offer = Offer(round=str(round.id), budget=pot, projects=tuple(row.as_project() for row in projects))
        ballot, rule = ballot_format(rules.ballot_format), outcome_rule(rules.outcome_rule)
        problems = [
            *ballot.check(offer, ballot.Settings.model_validate(rules.ballot_settings)),
            *rule.check(offer.instance(), rule.Settings.model_validate(rules.outcome_settings)),
        ]
        return [GuardFailure(problem.code, problem.message, CHANGE_RULES) for problem in problems]

    def effect(self, round: Round, actor: Any) -> None:
        """Nothing to do: voting freezes the offer."""
