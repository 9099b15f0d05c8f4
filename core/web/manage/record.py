"""The record of what happened here, in plain words, with its place in the chain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from core.audit.models import AuditEvent
from core.audit.selectors import record_read
from core.kernel.errors import NotFound
from core.people.access import OFFICER, access
from core.people.selectors import people_named
from core.rounds.models import Round
from core.rounds.selectors import round_by_slug
from core.web.manage.page import page
from core.web.public.phases import PHASES
from plugins.api.money import Money

MOST = 50
# What each kind of fact says. Gaps are filled from its body; tests/behaviour/test_record.py finds a kind without words.
WORDS: dict[str, Any] = {
    "round_created": _("Round created"),
    "round_advanced": _("Round moved from “%(source)s” to “%(target)s”"),
    "round_changed": _("Round changed: %(fields)s"),
    "round_money_changed": _("Money of the round changed; together it is now %(pot_total)s"),
    "round_rules_changed": _("Rules of the round changed: version %(rules_version)s"),
    "proposal_saved": _("Project %(ref)s saved: %(state)s"),
    "offer_frozen": _("Ballot paper frozen with the mark %(offer_digest)s"),
    "framework_chosen": _("Looking back: framework %(module)s chosen"),
    "sheet_moved": _("Looking back: sheet %(instrument)s is now “%(state)s”"),
    "box_sealed": _("Ballot box sealed; root of its log %(log_root)s"),
    "opening_approved": _("Opening of the box approved by %(approvals)s"),
    "tally_finished": _("Count ended: %(state)s %(error)s"),
    "result_published": _("Result published with the mark %(digest)s"),
    "role_granted": _("Role given: %(role)s"),
    "person_erased": _("Somebody’s data erased at their own wish"),
    "accounts_linked": _("Somebody made two accounts of their own one"),
    "role_ended": _("Role ended: %(role)s"),
    "group_role_listed": _("Group “%(group)s” of the own sign-in proposes from now on: %(role)s"),
    "group_role_unlisted": _("Group “%(group)s” of the own sign-in no longer proposes: %(role)s"),
    "role_proposal_declined": _("Proposed role declined: %(role)s"),
    "strange_address": _("Sign-in with an address of %(domain)s, which is not this organisation’s"),
    "setup_item_settled": _("First steps: %(key)s settled"),
    "document_accepted": _("Document adopted: %(document)s, version %(number)s"),
    "invitation_made": _("Invitation made: %(role)s"),
    "invitation_taken": _("Invitation taken up: %(role)s"),
    "support_granted": _("Support access granted for %(hours)s hours"),
    "support_refused": _("Support access refused"),
    "support_entered": _("Support came in"),
    "support_viewed": _("Support looked at %(path)s"),
    "support_ended": _("Support access ended"),
    "channels_chosen": _("Channels for messages chosen: %(channels)s"),
    "contribution_moderated": _("Contribution to a discussion moderated"),
    "delegation_acted": _("Entrusted money, asked for: %(act)s, %(amount)s"),
    "delegation_answered": _("Entrusted money, answer: %(act)s %(state)s %(code)s"),
    "tenant_state_changed": _("This site is now “%(state)s”: %(reason)s"),
    "tenant_moved": _("This site has moved to another installation"),
    "tenant_arrived": _("This site has come from another installation"),
    "link_changed": _("Link with another organisation %(what)s by the %(side)s"),
    "quota_set": _("Limit of %(what)s set to %(most)s"),
    "plugin_permitted": _("%(plugin)s allowed at %(where)s"),
    "plugin_withdrawn": _("%(plugin)s withdrawn for new rounds at %(where)s. %(reason)s"),
    "plugin_spread": _("%(plugin)s is switched on wherever it is allowed and was never on"),
    "module_wished": _("A module was asked for"),
    "module_wish_answered": _("Wish for a module answered: %(state)s"),
    "look_changed": _("Colour of the site changed to %(accent)s"),
    "own_host_changed": _("Own address %(host)s: %(state)s"),
    "main_host_changed": _("Main address is now %(host)s"),
    "own_sender_changed": _("Own sender %(address)s: %(state)s"),
    "proof_list_taken": _("List of people who may vote taken in"),
    "proof_list_dropped": _("List of people who may vote deleted"),
    "plugin_activated": _("Module %(plugin)s %(version_of_plugin)s switched on"),
    "plugins_begun": _("Modules switched on by the service: %(plugins)s"),
    "plugin_deactivated": _("Module %(plugin)s switched off"),
    "plugin_configured": _("Settings of %(module)s changed: %(settings)s"),
    "plugin_upgraded": _("Module %(plugin)s: %(to_version)s reads what %(from_version)s kept. %(reason)s"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A fact as the page shows it; `link` is its place in the chain, None until it has one."""

    at: datetime
    words: str
    who: str
    round: Round | None
    link: int | None
    mark: str


class _Gaps(dict[str, str]):
    """A body of an earlier version may lack what today's words name."""

    def __missing__(self, key: str) -> str:
        return ""


def words_of(fact: AuditEvent) -> str:
    """One sentence; a kind of which we have no words is named as it is."""
    words = WORDS.get(fact.kind)
    return (
        (str(words) % _Gaps({name: _shown(name, value) for name, value in fact.body.items()})).strip()
        if words
        else fact.kind
    )


def _shown(name: str, value: Any) -> str:
    if name in ("source", "target") and value in PHASES:
        return str(PHASES[value].name)
    if name in ("pot_total", "amount"):
        return str(Money(int(value)))
    if name == "where":
        return str(value) or say("all of Scotland")
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return str(value)


@access(OFFICER)
def record(request: HttpRequest) -> HttpResponse:
    """`?round=` gives one round's facts, `?before=` what stands earlier in the chain."""
    slug, before = str(request.GET.get("round", "")), str(request.GET.get("before", ""))
    about = round_by_slug(slug) if slug else None
    if before and not (before.isascii() and before.isdigit() and len(before) < 19):
        raise NotFound("There is no such place in the record.", code="record.place", remedy="Begin at its newest end.")
    facts = record_read(before=int(before) if before else None, round=str(about.id) if about else "", most=MOST)
    names = people_named(frozenset(one.actor for one in facts if one.actor))
    rounds = {str(one.id): one for one in Round.objects.filter(id__in=_rounds(facts))}
    lines = [
        Line(
            fact.recorded_at,
            words_of(fact),
            names.get(fact.actor, "") if fact.actor else "",
            rounds.get(str(fact.body.get("round", ""))),
            fact.seq,
            fact.hash[:16],
        )
        for fact in facts
    ]
    last = facts[-1].seq if len(facts) == MOST else None
    return page(
        request,
        "manage/record.html",
        heading=say("Record"),
        part="record",
        lines=lines,
        about=about,
        earlier=last,
    )


def _rounds(facts: list[AuditEvent]) -> set[UUID]:
    found = set()
    for fact in facts:
        try:
            found.add(UUID(str(fact.body.get("round", ""))))
        except ValueError:
            continue
    return found
