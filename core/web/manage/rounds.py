"""Officers' pages of rounds: the list, a new round, a round with what is to be done, and its parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from core.kernel.errors import Invalid, NotFound, Refused
from core.people.access import access
from core.people.selectors import people_named
from core.proposals.models import Proposal
from core.proposals.selectors import proposals_of
from core.rounds.access import EDITORS, LISTERS, MAKERS, READERS, may_edit, rounds_for
from core.rounds.lifecycle import EDITABLE, State
from core.rounds.models import Round, RoundTransition
from core.rounds.selectors import pots_of, round_by_slug, round_id_of, round_locked, rules_of, transitions_of
from core.voting.selectors import count_state, offer_body
from core.web.manage.forms import fresh_id, mark, unchanged
from core.web.manage.page import CONFLICT, PROBLEM, actor_of, need_editable, page, public_address, sent
from core.web.manage.sections import SECTIONS, NewRoundForm
from core.web.manage.steps import choices_for, next_of, words_of
from core.web.manage.tasks import tasks_of, total_of
from core.web.public.phases import DECIDED, phase_of


@access(LISTERS)
def round_list(request: HttpRequest) -> HttpResponse:
    """The rounds this person works with: where each stands, and what comes next."""
    actor = actor_of(request)
    rows = [{"round": row, "phase": phase_of(row), "next": next_of(row, actor)} for row in rounds_for(actor)]
    ended = (State.CLOSED, State.CANCELLED)
    return page(
        request,
        "manage/rounds.html",
        heading=_("Rounds"),
        rounds=[one for one in rows if one["round"].state not in ended],
        past=[one for one in rows if one["round"].state in ended],
        may_make=MAKERS.allows(actor),
    )


@access(MAKERS)
def round_new(request: HttpRequest) -> HttpResponseBase:
    form = NewRoundForm(sent(request), initial={"new_id": fresh_id()})
    if request.method == "POST" and form.is_valid():
        try:
            row = form.make(actor_of(request))
        except Invalid as error:
            form.refuse(error, {"round.slug_taken": "slug"})
        else:
            return redirect("staff:round", slug=row.slug)
    return page(
        request,
        "manage/form.html",
        heading=_("New round"),
        form=form,
        intro=_("Begin with a name. The rest is a list of short pages, in any order, and nobody else sees it yet."),
        back=reverse("staff:rounds"),
        trail=[(reverse("staff:rounds"), _("Rounds"))],
        status=PROBLEM if form.errors else 200,
    )


@dataclass(frozen=True, slots=True)
class Past:
    """A step the round has taken, as its page tells it."""

    row: RoundTransition
    label: Any
    who: str
    reason: Any


def _history(row: Round) -> list[Past]:
    steps = transitions_of(row)
    names = people_named(frozenset(step.actor for step in steps if step.actor))
    return [
        Past(
            step,
            words_of(step.verb).label,
            names.get(step.actor, _("somebody who has left")) if step.actor else _("the service itself"),
            step.reason,
        )
        for step in steps
    ]


@access(READERS, round_of=round_id_of)
def round_page(request: HttpRequest, slug: str) -> HttpResponse:
    """A round on one page: where it stands, what is to be done, what comes next, and what has happened."""
    row = round_by_slug(slug)
    actor = actor_of(request)
    pots, projects = pots_of(row), proposals_of(row)
    tasks = tasks_of(row, pots=pots, rules=rules_of(row), projects=projects)
    past = _history(row)
    return page(
        request,
        "manage/round.html",
        heading=row.name.en,
        row=row,
        inside=False,
        phase=phase_of(row),
        tasks=tasks,
        done=sum(task.done for task in tasks),
        editable=may_edit(actor, row),
        published=row.state != State.DESIGN,
        decided=row.state in DECIDED,
        public_page=public_address(f"/rounds/{row.slug}/"),
        steps=choices_for(row, actor, past[0].row if past else None),
        total=total_of(pots),
        on_ballot=[one for one in projects if one.state == Proposal.State.ON_BALLOT],
        frozen_digest="" if row.state in EDITABLE else _digest(row),
        count=count_state(row) if row.state == State.COUNT else None,
        past=past,
    )


def _digest(row: Round) -> str:
    try:
        return str(offer_body(row)["digest"])
    except NotFound:
        return ""


@access(EDITORS, round_of=round_id_of)
def section(request: HttpRequest, slug: str, section: str) -> HttpResponseBase:
    """One part of a round, shown and saved. Two officers at once never overwrite each other unseen."""
    row = round_by_slug(slug)
    kind = SECTIONS.get(section)
    if kind is None:
        raise NotFound("There is no such page.", code="section.not_found")
    if request.method != "POST":
        need_editable(row)
    typed = kind.typed(row)
    form = kind(sent(request), initial={**typed, "seen": mark(typed)})
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                locked = round_locked(row)
                unchanged(form, kind.typed(locked))
                form.keep(locked, actor_of(request))
        except (Invalid, Refused) as error:
            form.refuse(error, kind.beside)
            status = CONFLICT if isinstance(error, Refused) or error.code == "form.changed" else PROBLEM
        else:
            messages.success(request, _("“%(part)s” is saved.") % {"part": kind.heading})
            return redirect("staff:round", slug=slug)
    return page(
        request,
        "manage/form.html",
        heading=kind.heading,
        row=row,
        form=form,
        intro=kind.intro,
        back=reverse("staff:round", kwargs={"slug": slug}),
        status=status if status != 200 or not form.errors else PROBLEM,
    )
