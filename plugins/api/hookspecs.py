"""The seven register hooks. Each is called once at start and returns module classes."""

from __future__ import annotations

from collections.abc import Sequence

import pluggy

from plugins.api.kinds import BallotFormat, EligibilityProof, OutcomeRule

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
def register_deliberation_modules() -> Sequence[type]:  # type: ignore[empty-body]  # a specification
    """Deliberation modules: none or more per round."""


@hookspec
def register_evaluation_modules() -> Sequence[type]:  # type: ignore[empty-body]  # a specification
    """Evaluation modules: one or more per round; the national core is always on."""


@hookspec
def register_eligibility_proofs() -> Sequence[type[EligibilityProof]]:  # type: ignore[empty-body]  # a specification
    """Ways to prove a right to vote: one or more per round."""


@hookspec
def register_notification_channels() -> Sequence[type]:  # type: ignore[empty-body]  # a specification
    """Channels that carry messages: an ordered list per tenant."""


@hookspec
def register_exporters() -> Sequence[type]:  # type: ignore[empty-body]  # a specification
    """Datasets that may leave the platform."""
