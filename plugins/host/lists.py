"""Lists of people who may vote, which officers hand in for a round and a proof keeps in its own way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from core.audit.services import event_record
from core.kernel.errors import Invalid, NotFound
from plugins.api import EligibilityProof, ListInvalid, ListTaken, Problem, SubjectRef
from plugins.host.context import plugin_context
from plugins.host.events import ProofListDropped, ProofListTaken
from plugins.host.selectors import eligibility_proof, module_settings

KIND = "eligibility_proof"
MOST_BYTES = 20_000_000


def _proof(key: str) -> tuple[EligibilityProof, Any]:
    proof, settings = eligibility_proof(key), module_settings(KIND, key)
    if not proof.takes_list:
        raise NotFound("This way of proving takes no list.", code="list.none")
    return proof, settings


def list_columns(key: str) -> Sequence[str]:
    """The columns of a list. Raises NotFound for a proof that takes none."""
    proof, settings = _proof(key)
    return proof.list_columns(settings)


def lists_of(key: str, rounds: Sequence[SubjectRef]) -> Mapping[SubjectRef, ListTaken]:
    """The lists that a proof holds, of these rounds. Raises NotFound, PluginFailure."""
    proof, settings = _proof(key)
    return proof.lists(plugin_context(settings, module=(KIND, key)), rounds)


def list_take(*, key: str, round: SubjectRef, data: bytes, actor: Any) -> ListTaken:
    """Hand a list to a proof, in place of the one before; whole or not at all.

    Raises Invalid with a problem whose path is `line:column`, NotFound, PluginFailure.
    """
    proof, settings = _proof(key)
    if len(data) > MOST_BYTES:
        raise Invalid(f"A list has at most {MOST_BYTES // 1_000_000} MB.", code="list.long")
    try:
        with transaction.atomic():
            taken = proof.list_take(plugin_context(settings, module=(KIND, key)), round, data, settings)
            event_record(ProofListTaken(module=key, round=round.uuid, people=taken.people), actor=actor)
    except ListInvalid as error:
        problem = Problem("list.line", error.reason, f"{error.line}:{error.column}")
        raise Invalid(str(error), code="list.invalid", problems=(problem,)) from error
    return taken


def list_drop(*, key: str, round: SubjectRef, actor: Any) -> int:
    """Delete a list; how many people stood on it. Raises NotFound, PluginFailure."""
    proof, settings = _proof(key)
    with transaction.atomic():
        people = proof.list_drop(plugin_context(settings, module=(KIND, key)), round)
        event_record(ProofListDropped(module=key, round=round.uuid, people=people), actor=actor)
    return people
