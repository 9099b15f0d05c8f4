"""Rounds for residents: the list, one round on one screen, its projects, and its rules."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from cms.views import round_index
from core.evaluation.selectors import feedback_open
from core.evaluation.services import ASKING
from core.kernel.errors import NotFound
from core.people.access import ANYONE, access
from core.proposals.models import Proposal
from core.proposals.selectors import ballot_size, proposal_by_ref, proposals_on_ballot
from core.rounds.models import Pot, Round, RuleSet
from core.rounds.selectors import round_by_slug, rules_of
from core.voting.selectors import accepting, offer_of
from core.web.public.booth import drawn, format_settings, seed_of
from core.web.public.order import seed_new, shuffled
from core.web.public.phases import DECIDED, READABLE, phase_of
from plugins.api.money import Money
from plugins.host.selectors import active_modules, ballot_format, outcome_rule


def frame(round: Round, here: str = "") -> dict[str, Any]:
    """What every page of a round shows around its content."""
    return {
        "round": round,
        "phase": phase_of(round),
        "booth_open": accepting(round),
        "decided": round.state in DECIDED,
        "readable": round.state in READABLE,
        "here": here,
        "discussions": discussions_of(round),
        "feedback": feedback_open(round) if round.state in ASKING else [],
    }


def discussions_of(round: Round) -> list[Any]:
    """The modules this round has chosen that speak about it as a whole and have a page of their own."""
    if not round.deliberation:
        return []
    return [one for one in active_modules("deliberation") if one.key in round.deliberation and "round" in one.subjects]


def pots_of(round: Round) -> list[dict[str, Any]]:
    """Each pot with its sources and sum, in two queries."""
    pots = Pot.objects.filter(round=round).prefetch_related("sources").order_by("id")
    return [{"pot": pot, "sources": list(pot.sources.all()), "total": pot.total()} for pot in pots]


@require_safe
@access(ANYONE)
def round_list(request: HttpRequest) -> HttpResponseBase:
    """The editors' words above the list of rounds."""
    return round_index(request)


@require_safe
@access(ANYONE)
def round_page(request: HttpRequest, slug: str) -> HttpResponse:
    return render(request, "public/round.html", round_context(round_by_slug(slug, visible_only=True)))


def round_context(row: Round) -> dict[str, Any]:
    """What the page of a round shows."""
    pots = pots_of(row)
    return {
        **frame(row, "round"),
        "pots": pots,
        "total": sum((one["total"] for one in pots), Money(0)),
        "projects": ballot_size(row),
    }


@require_safe
@access(ANYONE)
def projects(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The projects in the visitor's own order; the order's seed is put into the address so that it stays."""
    row = _readable(slug)
    seed = seed_of(request, row)
    if not seed:
        query = request.GET.copy()
        query["order"] = seed_new()
        answer = HttpResponseRedirect(f"{request.path}?{query.urlencode()}")
        patch_cache_control(answer, no_store=True)
        return answer
    return render(request, "public/projects.html", projects_context(request, row, seed))


def projects_context(request: HttpRequest, row: Round, seed: str) -> dict[str, Any]:
    """The projects in the order of this seed, narrowed to what the address asks for."""
    rows = shuffled(proposals_on_ballot(row), seed)
    areas = sorted({one.area for one in rows if one.area})
    kinds = sorted({one.category for one in rows if one.category})
    area, kind = request.GET.get("area", ""), request.GET.get("kind", "")
    shown = [one for one in rows if area in ("", one.area) and kind in ("", one.category)]
    return {
        **frame(row, "projects"),
        "projects": shown,
        "all": len(rows),
        "areas": areas,
        "kinds": kinds,
        "area": area,
        "kind": kind,
        "order": seed,
    }


def project_context(request: HttpRequest, row: Round, ref: str) -> dict[str, Any]:
    """What the page of a project shows. Raises NotFound for one that is still a draft."""
    found = proposal_by_ref(row, ref)
    if found.state == Proposal.State.DRAFT:
        raise NotFound("There is no such project.", code="project.not_found")
    return {
        **frame(row, "projects"),
        "project": found,
        "withdrawn": found.state == Proposal.State.WITHDRAWN,
        "order": seed_of(request, row),
    }


@require_safe
@access(ANYONE)
def rules(request: HttpRequest, slug: str) -> HttpResponse:
    """The rules in two minutes: who may vote, what a ballot holds, how it decides, and every version."""
    return render(request, "public/rules.html", rules_context(round_by_slug(slug, visible_only=True)))


def rules_context(row: Round) -> dict[str, Any]:
    """What the page of the rules shows."""
    latest = rules_of(row)
    context: dict[str, Any] = {**frame(row, "rules"), "rules": latest}
    if latest is not None:
        instructions = ballot_format(latest.ballot_format).instructions(offer_of(row), format_settings(latest))
        context |= {
            "instructions": drawn(instructions),
            "format": ballot_format(latest.ballot_format),
            "rule": outcome_rule(latest.outcome_rule),
            "versions": list(RuleSet.objects.filter(round=row).order_by("version")),
        }
    return context


def _readable(slug: str) -> Round:
    row = round_by_slug(slug, visible_only=True)
    if row.state not in READABLE:
        raise NotFound("The projects of this round are not published yet.", code="round.not_readable")
    return row
