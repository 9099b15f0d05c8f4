"""Which rounds stand on which modules: asked by the host of plugins before one is switched off or upgraded, and told to
the national team as numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.rounds.lifecycle import State
from core.rounds.models import Round, RuleSet
from core.rounds.selectors import HIDDEN
from plugins.host.registry import registry
from plugins.host.selectors import active_plugins

OVER = (State.CLOSED.value, State.CANCELLED.value)
VOTING = (State.VOTING.value, State.COUNT.value, State.SUSPENDED.value)


def _wrapped(settings: Mapping[str, Any]) -> Iterator[str]:
    """The rules inside a rule."""
    while isinstance(settings, Mapping) and settings.get("inner"):
        yield str(settings["inner"])
        settings = settings.get("inner_settings") or {}


def modules_of(round: Round, rules: RuleSet | None) -> Iterator[tuple[str, str]]:
    """Kind and key of every module that a round has chosen."""
    if rules is not None:
        yield "ballot_format", rules.ballot_format
        yield "outcome_rule", rules.outcome_rule
        for key in _wrapped(rules.outcome_settings):
            yield "outcome_rule", key
    for key in round.proofs:
        yield "eligibility_proof", key
    for key in round.deliberation:
        yield "deliberation", key


def modules_missing(round: Round, rules: RuleSet | None) -> list[tuple[str, str]]:
    """Kind and key of what its vote depends on and this process has not loaded. A discussion is not the vote's."""
    return [
        (kind, key)
        for kind, key in dict.fromkeys(modules_of(round, rules))
        if kind != "deliberation" and (kind, key) not in registry().modules
    ]


def voting_without() -> list[tuple[Round, list[tuple[str, str]]]]:
    """Rounds that people vote in now, each with the modules it lacks; those that lack none are left out."""
    rounds = list(Round.objects.filter(state=State.VOTING.value).order_by("created_at"))
    latest = _latest(rounds)
    found = [(row, modules_missing(row, latest.get(row.pk))) for row in rounds]
    return [one for one in found if one[1]]


def rounds_choosing(modules: frozenset[tuple[str, str]], *, voting: bool = False) -> Sequence[str]:
    """Names of the rounds that are not over and chose one of these modules; with `voting`, of those people vote in or
    that are being counted. In two queries."""
    found = Round.objects.filter(archive=False).exclude(state__in=OVER)
    if voting:
        found = found.filter(state__in=VOTING)
    rounds = list(found.order_by("created_at"))
    latest = _latest(rounds)
    return [row.name.en for row in rounds if modules & set(modules_of(row, latest.get(row.pk)))]


def _latest(rounds: Sequence[Round]) -> dict[Any, RuleSet]:
    """The rules that hold in each of these rounds, in one query."""
    return {rules.round_id: rules for rules in RuleSet.objects.filter(round__in=rounds).order_by("version")}


def modules_in_use() -> dict[str, Any]:
    """What the national team is told: plugins that are switched on, with versions, and in how many rounds that
    residents see and that are not over each module was chosen. Neither names of rounds nor anything about people."""
    found = Round.objects.filter(archive=False, is_practice=False).exclude(state__in=(*OVER, *HIDDEN))
    rounds = list(found)
    latest = _latest(rounds)
    used = Counter(f"{kind}/{key}" for row in rounds for kind, key in set(modules_of(row, latest.get(row.pk))))
    plugins = {name: row.version for name, row in active_plugins().items()}
    return {"public": True, "plugins": plugins, "used": dict(used)}
