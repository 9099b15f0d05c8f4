"""Which rounds stand on which modules: asked by the host of plugins before one is switched off or upgraded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.rounds.lifecycle import State
from core.rounds.models import Round, RuleSet

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


def rounds_choosing(modules: frozenset[tuple[str, str]], *, voting: bool = False) -> Sequence[str]:
    """Names of the rounds that are not over and chose one of these modules; with `voting`, of those people vote in or
    that are being counted. In two queries."""
    found = Round.objects.filter(archive=False).exclude(state__in=OVER)
    if voting:
        found = found.filter(state__in=VOTING)
    rounds = list(found.order_by("created_at"))
    latest: dict[Any, RuleSet] = {}
    for rules in RuleSet.objects.filter(round__in=rounds).order_by("version"):
        latest[rules.round_id] = rules
    return [row.name.en for row in rounds if modules & set(modules_of(row, latest.get(row.pk)))]
