"""The facts of a round, counted from what stands: frozen before any module sees them."""

from __future__ import annotations

from collections import Counter

from core.proposals.models import Proposal
from core.rounds.models import Round
from core.rounds.selectors import pot_total
from core.voting.selectors import result_of
from plugins.api import BallotFacts, MoneyFacts, RoundFacts, SubjectRef
from plugins.host.context import plugin_context
from plugins.host.failures import PluginFailure
from plugins.host.selectors import active_modules, module_settings


def facts_of(round: Round) -> RoundFacts:
    """What the core may tell of this round now. Ballots only once the result is published."""
    states = Counter(Proposal.objects.filter(round=round).exclude(state="draft").values_list("state", flat=True))
    view = result_of(round)
    money = MoneyFacts(available=pot_total(round).minor, allocated=view.outcome.spent if view else 0)
    ballots = None
    activities: dict[str, int] = {}
    if view is not None:
        states["funded"] = len(view.outcome.allocation)
        channels = {channel: number for channel, number in view.channels.items() if number}
        refused = view.document["ballots"].get("invalid", 0)
        ballots = BallotFacts(
            valid=view.ballots,
            blank=view.document["ballots"].get("blank", 0),
            by_channel=channels,
            rejected={"invalid": refused} if refused else {},
        )
        activities = {f"votes/{channel}": number for channel, number in channels.items()}
    return RoundFacts(
        round=round.slug,
        state=round.state,
        is_practice=round.is_practice,
        opened_at=round.ballot_opens_at,
        closed_at=round.ballot_closes_at,
        money=money,
        ballots=ballots,
        activities=activities,
        proposals=dict(states),
        deliberation=_discussed(round),
    )


def _discussed(round: Round) -> dict[str, int]:
    """The sums of every discussion the round has chosen; a module that does not answer is left out."""
    subjects = [SubjectRef("round", str(round.id))]
    subjects += [
        SubjectRef("proposal", str(one)) for one in Proposal.objects.filter(round=round).values_list("id", flat=True)
    ]
    found: Counter[str] = Counter()
    for module in active_modules("deliberation"):
        if module.key not in round.deliberation:
            continue
        context = plugin_context(module_settings("deliberation", module.key))
        try:
            for one in module.summaries(context, subjects).values():
                found["published"] += one.contributions
                found["unanswered"] += one.unanswered
        except PluginFailure:
            continue
    return dict(found)
