"""Which tables of which module say by whom something was done, and why such a row outlives the person's account."""

from __future__ import annotations

from core.people.privacy import PrivacyPart, Traces
from plugins.host.privacy import ModulesPart

RECORD = "The record of what was decided is kept whole; it holds a number that leads to nobody any more."
VOTE = "Who took part in opening the box belongs to the proof of the vote; no name is left."
SHEET = "What the team wrote about a round belongs to its evaluation and goes with it; no name is left."
MONEY = "Who answered for public money is kept with the money; no name is left."


def parts() -> list[PrivacyPart]:
    """Every part beside the person's own."""
    return [
        ModulesPart(),
        Traces("audit.AuditEvent", ("actor",), ("kind", "recorded_at"), RECORD),
        Traces("rounds.RoundTransition", ("actor",), ("verb", "reason", "made_at"), RECORD),
        Traces("round_delegation.DelegationAct", ("actor",), ("act", "role", "asked_at"), MONEY),
        Traces("voting.Opening", ("person",), ("round_id", "approved_at"), VOTE),
        Traces("evaluation.Response", ("author",), ("sheet_id", "answers", "agreed"), SHEET),
        Traces("setup.SetupItem", ("done_by",), ("key", "done_at"), RECORD),
        Traces("setup.Acceptance", ("person",), ("kind", "key", "version", "accepted_at"), RECORD),
        Traces("setup.Invitation", ("used_by",), ("role", "used_at"), RECORD),
        Traces("support.SupportGrant", ("granted_by", "ended_by"), ("reason", "granted_at", "ended_at"), RECORD),
        Traces(
            "plugin_host.PluginActivation", ("activated_by", "ended_by"), ("plugin", "activated_at", "ended_at"), RECORD
        ),
    ]
