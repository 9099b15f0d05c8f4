"""What the projects say when voting is about to open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from core.counting import parts_of, parts_problems
from core.kernel.errors import Invalid, NotFound
from core.proposals.models import Proposal
from core.proposals.selectors import proposals_on_ballot
from core.rounds.lifecycle import GuardFailure
from core.rounds.models import Round
from core.rounds.money import money_kept, pots_offered, pots_written
from core.rounds.selectors import pot_total, pots_of, rules_of, sources_of
from plugins.api.money import Money
from plugins.api.text import Text
from plugins.api.values import Offer, Problem
from plugins.host.failures import PluginFailure
from plugins.host.selectors import ballot_format, outcome_rule

ABOVE_POT = Text("{ref} costs {cost}, and the pot holds {pot}.", "Tha {ref} a’ cosg {cost}, agus {pot} sa phoit.")
LOWER_OR_WITHDRAW = Text(
    "Lower its cost, withdraw it or add money to the pot.",
    "Lùghdaich a chosgais, thoir air falbh e no cuir airgead ris a’ phoit.",
)
CHANGE_RULES = Text("Change the rules or the projects.", "Atharraich na riaghailtean no na pròiseactan.")
CHANGE_MONEY = Text(
    "Change the pots, the rules or the projects.", "Atharraich na poitean, na riaghailtean no na pròiseactan."
)
ABOUT_MONEY = frozenset({"pots.no_parts", "pots.no_pot", "pots.no_project", "pots.not_kept", "pots.out_of_reach"})
NOT_SAID = Text(
    "“{name}” may be spent on “{restriction}” only, and nobody has said which projects that is.",
    "Chan fhaodar “{name}” a chosg ach air “{restriction}”, agus cha tuirt duine dè na pròiseactan a tha sin.",
)
SAY_WHICH = Text(
    "Say under “Money” for which kind of project it is kept, or that every project on the ballot may have it.",
    "Can fo “Money” dè an seòrsa pròiseict dha bheil e, no gum faod gach pròiseact air a’ bhaileat fhaighinn.",
)
CHOOSE_RULES = Text(
    "Choose the kind of ballot and the rule again, or have the plugin switched on.",
    "Tagh an seòrsa baileit agus an riaghailt a-rithist, no iarr gun tèid am plugan a chur an comas.",
)
GONE = Text(
    "The kind of ballot or the rule that was chosen is not switched on here.",
    "Chan eil an seòrsa baileit no an riaghailt a chaidh a thaghadh air a cur an comas an seo.",
)
MISFIT = Text(
    "The settings of the ballot or of the rule no longer fit.",
    "Chan eil roghainnean a’ bhaileit no na riaghailt freagarrach tuilleadh.",
)
FAILED = Text(
    "The plugin {plugin} did not answer when it was asked about these projects.",
    "Cha do fhreagair am plugan {plugin} nuair a chaidh faighneachd dheth mu na pròiseactan seo.",
)
FAILED_REMEDY = Text(
    "Try again. If it fails again, choose another rule, or tell the people who run this service.",
    "Feuch a-rithist. Ma dh’fhailicheas e a-rithist, tagh riaghailt eile no innis dhan fheadhainn a ruitheas "
    "an t-seirbheis seo.",
)
NO_PROJECTS = GuardFailure(
    "round.no_projects",
    Text("No project is on the ballot.", "Chan eil pròiseact air a’ bhaileat."),
    Text("Put at least one project on the ballot.", "Cuir co-dhiù aon phròiseact air a’ bhaileat."),
)


class ProjectsReady:
    """Voting opens only on projects that exist, that the pot could pay for, and that the rules can count."""

    name = "proposals"
    verbs = frozenset({"open_voting"})

    def guards(self, round: Round) -> Sequence[GuardFailure]:
        projects, pot = proposals_on_ballot(round), pot_total(round)
        if not projects:
            return [NO_PROJECTS]
        if pot.minor <= 0:
            # The round itself says that the pot is empty; that every project is above nothing helps nobody.
            return []
        above = [
            GuardFailure(
                "round.project_above_pot", ABOVE_POT.format(ref=row.ref, cost=row.cost, pot=pot), LOWER_OR_WITHDRAW
            )
            for row in projects
            if row.cost > pot
        ]
        dear = frozenset(row.ref for row in projects if row.cost > pot)
        unsaid = [
            GuardFailure(
                "round.restriction_unsaid",
                NOT_SAID.format(name=source.name, restriction=source.restriction),
                SAY_WHICH,
            )
            for source in sources_of(round)
            if source.restriction and not source.category and not source.unrestricted
        ]
        return [*unsaid, *self._modules(round, projects, pot, said=dear), *above]

    @staticmethod
    def _modules(round: Round, projects: Sequence[Proposal], pot: Money, *, said: frozenset[str]) -> list[GuardFailure]:
        """What the kind of ballot and the rule say of these projects; a fault of theirs is an answer too.

        `said` are projects of which the round itself says that they cost more than the pot.
        """
        rules = rules_of(round)
        if rules is None:
            return []
        written = pots_written(pots_of(round))
        offer = Offer(
            round=str(round.id),
            budget=pot,
            projects=tuple(row.as_project() for row in projects),
            pots=pots_offered(written),
        )
        found: list[Problem] = []
        try:
            ballot, rule = ballot_format(rules.ballot_format), outcome_rule(rules.outcome_rule)
            settings = ballot.Settings.model_validate(rules.ballot_settings)
            found += ballot.check(offer, settings)
            parts = parts_of(offer, ballot.sheets(offer, settings), money_kept(written))
            own = rule.Settings.model_validate(rules.outcome_settings)
            found += parts_problems(outcome_rule, rule, own, parts)
        except Invalid as error:
            if not error.problems:
                return [GuardFailure("round.rules_misfit", MISFIT, CHOOSE_RULES)]
            found += error.problems
        except NotFound:
            return [GuardFailure("round.rules_gone", GONE, CHOOSE_RULES)]
        except ValidationError:
            return [GuardFailure("round.rules_misfit", MISFIT, CHOOSE_RULES)]
        except PluginFailure as failure:
            return [GuardFailure("round.plugin_failed", FAILED.format(plugin=failure.plugin), FAILED_REMEDY)]
        return [
            GuardFailure(problem.code, problem.message, CHANGE_MONEY if problem.code in ABOUT_MONEY else CHANGE_RULES)
            for problem in found
            if problem.path not in said
        ]

    def effect(self, round: Round, actor: Any) -> None:
        """Nothing to do: voting freezes the offer."""
