"""The hooks. Seven register: each is called once at start and returns module classes. Eleven observe: each is called
after commit by a worker, its answer is ignored, and it cannot stop anything."""

from __future__ import annotations

from collections.abc import Sequence

import pluggy

from plugins.api.deliberation import DeliberationModule
from plugins.api.evaluation import EvaluationModule
from plugins.api.events import (
    ParticipantErased,
    ProposalEvent,
    ResultPublished,
    ReviewDecided,
    RoundEvent,
    RoundPhaseChanged,
    TenantEvent,
)
from plugins.api.exporting import Exporter
from plugins.api.kinds import BallotFormat, EligibilityProof, OutcomeRule, PluginContext
from plugins.api.notification import NotificationChannel

PROJECT = "commonty"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def register_ballot_formats() -> Sequence[type[BallotFormat]]:  # type: ignore[empty-body]  # a specification
    """Ballot formats: one is chosen per pot of a round."""


@hookspec
def register_outcome_rules() -> Sequence[type[OutcomeRule]]:  # type: ignore[empty-body]  # a specification
    """Outcome rules: one is chosen per pot, and any number for comparison runs."""


@hookspec
def register_deliberation_modules() -> Sequence[type[DeliberationModule]]:  # type: ignore[empty-body]  # a specification
    """Deliberation modules: none or more per round."""


@hookspec
def register_evaluation_modules() -> Sequence[type[EvaluationModule]]:  # type: ignore[empty-body]  # a specification
    """Evaluation modules: one or more per round; the national core is always on."""


@hookspec
def register_eligibility_proofs() -> Sequence[type[EligibilityProof]]:  # type: ignore[empty-body]  # a specification
    """Ways to prove a right to vote: one or more per round."""


@hookspec
def register_notification_channels() -> Sequence[type[NotificationChannel]]:  # type: ignore[empty-body]  # a specification
    """Channels that carry messages: an ordered list per tenant."""


@hookspec
def register_exporters() -> Sequence[type[Exporter]]:  # type: ignore[empty-body]  # a specification
    """Datasets that may leave the platform."""


@hookspec
def round_opened(context: PluginContext, event: RoundEvent) -> None:
    """A round has left design and can be read by residents."""


@hookspec
def round_phase_changed(context: PluginContext, event: RoundPhaseChanged) -> None:
    """A round has moved from one state to another."""


@hookspec
def proposal_submitted(context: PluginContext, event: ProposalEvent) -> None:
    """A proposal has been handed in."""


@hookspec
def proposal_withdrawn(context: PluginContext, event: ProposalEvent) -> None:
    """A proposal has been taken back."""


@hookspec
def review_decided(context: PluginContext, event: ReviewDecided) -> None:
    """A feasibility review has come to its answer."""


@hookspec
def voting_opened(context: PluginContext, event: RoundEvent) -> None:
    """Ballots are taken from now on."""


@hookspec
def voting_closed(context: PluginContext, event: RoundEvent) -> None:
    """No ballot is taken any more and the box is sealed."""


@hookspec
def result_published(context: PluginContext, event: ResultPublished) -> None:
    """Everybody can read the result."""


@hookspec
def participant_erased(context: PluginContext, event: ParticipantErased) -> None:
    """A person is being erased from this tenant: forget them."""


@hookspec
def tenant_provisioned(context: PluginContext, event: TenantEvent) -> None:
    """The tenant is ready to serve."""


@hookspec
def tenant_retired(context: PluginContext, event: TenantEvent) -> None:
    """The tenant is leaving the platform."""


OBSERVERS: tuple[str, ...] = (
    "round_opened",
    "round_phase_changed",
    "proposal_submitted",
    "proposal_withdrawn",
    "review_decided",
    "voting_opened",
    "voting_closed",
    "result_published",
    "participant_erased",
    "tenant_provisioned",
    "tenant_retired",
)
