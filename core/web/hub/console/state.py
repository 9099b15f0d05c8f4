"""How far each council has come, from the registry and from what it has signed; nothing of its own data is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.places.national import councils
from core.rounds.lifecycle import State
from core.rounds.listeners import STATEMENT
from core.web.public.phases import DECIDED, PHASES
from plugins.api.text import LocalisedText
from tenants.office.documents.models import PublishedDocument
from tenants.office.documents.selectors import current
from tenants.office.national import Row, registry_rows, signed_facts
from tenants.registry.models import Tenant


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of adoption and what comes next."""

    name: Any
    colour: str
    next: Any


ABSENT = Stage(_("Not here yet"), "grey", _("Send the assurance pack, then onboard."))
MAKING = Stage(_("Being made"), "yellow", _("Watch its steps; a step that failed can be run again."))
SETTING_UP = Stage(_("Setting up"), "yellow", _("Help the first officer through the first steps."))
READY = Stage(_("Ready"), "blue", _("Plan the first round with them."))
RUNNING = Stage(_("Running a round"), "green", _("Look at the calendar for its voting days."))
DECIDED_ONE = Stage(_("Has decided"), "green", _("Ask what they would tell the next council."))
PAUSED = Stage(_("Suspended or leaving"), "red", _("Call them."))
ELSEWHERE = Stage(_("Served elsewhere"), "grey", _("Its page here says where it is served."))
STAGES = (ABSENT, MAKING, SETTING_UP, READY, RUNNING, DECIDED_ONE, PAUSED, ELSEWHERE)


@dataclass(frozen=True, slots=True)
class Line:
    """A council or group as the console lists it. `row` is None for a council that is not here."""

    name: LocalisedText
    slug: str
    code: str
    row: Row | None
    stage: Stage
    rounds: int
    policies: int
    groups: tuple[Row, ...]
    assured: bool


def _stage(row: Row | None, states: set[State], policies: int, wanted: int) -> Stage:
    if row is None:
        return ABSENT
    if row.cell:
        return ELSEWHERE
    if row.state == Tenant.State.REQUESTED:
        return MAKING
    if row.state in (Tenant.State.SUSPENDED, Tenant.State.LEAVING):
        return PAUSED
    if states & DECIDED and not states - DECIDED - {State.CANCELLED}:
        return DECIDED_ONE
    if states - DECIDED - {State.CANCELLED}:
        return RUNNING
    return READY if wanted and policies >= wanted else SETTING_UP


def lines() -> tuple[list[Line], list[Row]]:
    """All 32 councils with their groups, and the groups that stand under none; in a fixed number of queries."""
    rows = registry_rows()
    stated: dict[Any, dict[str, list[Mapping[str, Any]]]] = {}
    for fact in signed_facts():
        stated.setdefault(fact.tenant, {}).setdefault(fact.kind, []).append(fact.body)
    wanted = len(current(PublishedDocument.Kind.POLICY))
    by_slug = {row.slug: row for row in rows}
    groups = [row for row in rows if row.kind == Tenant.Kind.COMMUNITY]
    named = [(one.name, one.slug, one.code) for one in councils()]
    known = {slug for _name, slug, _code in named}
    # Councils under another address than the list's, such as a test's, stand at its end.
    named += [(row.name, row.slug, "") for row in rows if row.kind == Tenant.Kind.COUNCIL and row.slug not in known]
    found = []
    for name, slug, code in named:
        row = by_slug.get(slug)
        facts = stated.get(row.uuid, {}) if row else {}
        rounds = [one for one in facts.get(STATEMENT, []) if one.get("public")]
        states = {State(one["state"]) for one in rounds}
        policies = len(facts.get("policy", []))
        under = tuple(group for group in groups if row is not None and group.parent == row.uuid)
        stage = _stage(row, states, policies, wanted)
        found.append(Line(name, slug, code, row, stage, len(rounds), policies, under, bool(facts.get("assurance"))))
    return found, [group for group in groups if group.parent is None]


@dataclass(frozen=True, slots=True)
class Vote:
    """A vote's days. `clashes` names others that close on the same evening."""

    name: str
    place: str
    phase: Any
    opens: datetime | None
    closes: datetime
    url: str
    clashes: tuple[str, ...]


def calendar(now: datetime) -> list[Vote]:
    """Votes that have not closed, by when they close, each with those that end on the same day."""
    names = {row.uuid: row.name.en for row in registry_rows() if not row.cell}
    found = [
        (fact.tenant, fact.body, datetime.fromisoformat(fact.body["closes"]))
        for fact in signed_facts()
        if fact.tenant in names and fact.kind == STATEMENT and fact.body.get("public") and fact.body.get("closes")
    ]
    ahead = sorted((one for one in found if one[2] > now), key=lambda one: one[2])
    votes = []
    for tenant, body, closes in ahead:
        others = [
            f"{names.get(other, '')}: {theirs['name']['en']}"
            for other, theirs, ends in ahead
            if theirs is not body and ends.astimezone().date() == closes.astimezone().date()
        ]
        opens = datetime.fromisoformat(body["opens"]) if body.get("opens") else None
        phase = PHASES[State(body["state"])]
        place = names.get(tenant, "")
        votes.append(Vote(body["name"]["en"], place, phase, opens, closes, body["url"], tuple(others)))
    return votes
