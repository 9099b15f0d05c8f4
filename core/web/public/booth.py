"""What the pages of a vote share: the round, its offer in the visitor's order, and its ballot as the rules want it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest
from django.template import TemplateDoesNotExist, TemplateSyntaxError
from django.template.loader import render_to_string
from pydantic import ValidationError

from core.kernel.errors import Unavailable
from core.rounds.models import Round, RuleSet
from core.rounds.selectors import rules_of
from core.voting.selectors import offer_of
from core.web.public.draft import Draft, draft_of
from core.web.public.order import seed_good, seed_new, shuffled
from plugins.api import BallotFormat
from plugins.api.values import Ballot, Offer, TemplateRef
from plugins.host.selectors import ballot_format


@dataclass(frozen=True, slots=True)
class Booth:
    """A round's ballot for one visitor. `offer.projects` stand in this visitor's order."""

    round: Round
    offer: Offer
    format: BallotFormat
    settings: Any
    draft: Draft

    def form(self) -> str:
        return drawn(self.format.form(self.offer, self.settings, self.draft.raw))

    def instructions(self) -> str:
        return drawn(self.format.instructions(self.offer, self.settings))

    def ballot(self) -> Ballot:
        """The draft as a ballot. Raises BallotInvalid with every problem."""
        return self.format.parse(self.draft.raw, self.offer, self.settings)

    def with_draft(self, raw: dict[str, list[str]]) -> Booth:
        return replace(self, draft=Draft(raw=raw, seed=self.draft.seed))


def seed_of(request: HttpRequest, round: Round) -> str:
    """The seed of this visitor's order: from their kept ballot, else from the address, else nothing."""
    draft = draft_of(request.COOKIES, round.id)
    return (draft.seed if draft else "") or seed_good(request.GET.get("order", ""))


def booth_for(request: HttpRequest, round: Round) -> Booth:
    """The booth of this visitor. Raises NotFound or PluginFailure where the ballot's format does not answer."""
    rules = rules_of(round)
    if rules is None:
        raise _not_ready()
    draft = draft_of(request.COOKIES, round.id) or Draft()
    seed = draft.seed or seed_good(request.GET.get("order", "")) or seed_new()
    offer = offer_of(round)
    return Booth(
        round=round,
        offer=replace(offer, projects=tuple(shuffled(offer.projects, seed))),
        format=ballot_format(rules.ballot_format),
        settings=format_settings(rules),
        draft=Draft(raw=draft.raw, seed=seed),
    )


def format_settings(rules: RuleSet) -> Any:
    """The rules' own settings of their ballot. Raises Unavailable when they do not fit the format."""
    try:
        return ballot_format(rules.ballot_format).Settings.model_validate(rules.ballot_settings)
    except ValidationError as error:
        raise _not_ready() from error


def drawn(part: TemplateRef) -> str:
    """A module's template with its values, as the page shows it. Raises Unavailable when it cannot be drawn."""
    try:
        return render_to_string(part.name, dict(part.context))
    except (TemplateDoesNotExist, TemplateSyntaxError) as error:
        raise _not_ready() from error


def _not_ready() -> Unavailable:
    return Unavailable("The ballot of this round cannot be shown.", code="ballot.not_ready")
