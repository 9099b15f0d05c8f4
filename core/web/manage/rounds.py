"""Officers' pages of rounds: list, make, add projects, move on."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language

from core.kernel.errors import Invalid, Refused
from core.people.access import OFFICER, ROUND_TEAM, access
from core.people.models import Person
from core.proposals.models import Proposal
from core.proposals.selectors import proposal_by_ref, proposals_of
from core.proposals.services import proposal_save
from core.rounds.access import may_advance
from core.rounds.lifecycle import verbs_from
from core.rounds.models import Round
from core.rounds.selectors import pot_total, round_by_slug, rounds_all, rules_of
from core.rounds.services import EDITABLE, fund_source_add, round_advance, round_create, rules_set
from core.web.manage.forms import ProjectForm, RoundForm
from plugins.api.text import LocalisedText
from plugins.host.selectors import active_modules

MAIN_POT = LocalisedText("Main pot", "Prìomh phoit")


def _actor(request: HttpRequest) -> Person:
    person = request.user
    assert isinstance(person, Person)
    return person


def _choices() -> dict[str, list[tuple[str, str]]]:
    language = get_language() or "en"
    kinds = {"ballot_format": "ballot_format", "outcome_rule": "outcome_rule", "proof": "eligibility_proof"}
    return {
        field: [(module.key, module.label.get(language)) for module in active_modules(kind)]
        for field, kind in kinds.items()
    }


@access(ROUND_TEAM)
def round_list(request: HttpRequest) -> HttpResponse:
    return render(request, "manage/rounds.html", {"rounds": rounds_all()})


@access(OFFICER)
def round_new(request: HttpRequest) -> HttpResponse:
    form = RoundForm(request.POST or None, choices=_choices())
    if request.method == "POST" and form.is_valid():
        try:
            row = _round_made(form, _actor(request))
        except Invalid as error:
            form.add_error("slug" if error.code == "round.slug_taken" else None, str(error))
        else:
            return redirect("staff:round", slug=row.slug)
    return render(
        request, "manage/form.html", {"form": form, "heading": "New round"}, status=422 if form.errors else 200
    )


@transaction.atomic
def _round_made(form: RoundForm, actor: Person) -> Round:
    data = form.cleaned_data
    row = round_create(
        slug=data["slug"],
        name=form.words("name"),
        purpose=form.words("purpose"),
        open_to_influence=form.words("open"),
        fixed=form.words("fixed"),
        eligibility=form.words("eligibility"),
        area_name=data["area_name"],
        min_age=data["min_age"],
        ballot_opens_at=data["opens"],
        ballot_closes_at=data["closes"],
        proofs=[data["proof"]],
        actor=actor,
    )
    fund_source_add(
        round=row, pot_name=MAIN_POT, name=data["source"], amount=data["amount"], restriction=data["restriction"]
    )
    rules_set(
        round=row,
        ballot_format=data["ballot_format"],
        ballot_settings={},
        outcome_rule=data["outcome_rule"],
        outcome_settings={},
        actor=actor,
    )
    return row


def _page(request: HttpRequest, row: Round, refused: Refused | None = None) -> HttpResponse:
    language = get_language() or "en"
    failures: list[dict[str, Any]] = [
        {"message": item.message.get(language), "remedy": item.remedy.get(language)}
        for item in (refused.problems if refused else ())
    ]
    steps = [step for step in verbs_from(row.state) if may_advance(_actor(request), step.verb, row)]
    context = {
        "round": row,
        "pot": pot_total(row),
        "rules": rules_of(row),
        "projects": proposals_of(row),
        "steps": [{"verb": step.verb, "label": step.verb.replace("_", " ").capitalize()} for step in steps],
        "editable": row.state in EDITABLE,
        "refused": refused,
        "failures": failures,
    }
    return render(request, "manage/round.html", context, status=409 if refused else 200)


@access(ROUND_TEAM)
def round_page(request: HttpRequest, slug: str) -> HttpResponse:
    return _page(request, round_by_slug(slug))


@access(ROUND_TEAM)
def round_step(request: HttpRequest, slug: str, verb: str) -> HttpResponse:
    """Ask before a step is taken, take it when confirmed, and say what stands in its way."""
    row = round_by_slug(slug)
    if request.method != "POST":
        label = verb.replace("_", " ").capitalize()
        return render(request, "manage/step.html", {"round": row, "label": label})
    try:
        round_advance(round=row, verb=verb, actor=_actor(request))
    except Refused as refused:
        return _page(request, row, refused)
    return redirect("staff:round", slug=slug)


@access(ROUND_TEAM)
def project_edit(request: HttpRequest, slug: str, ref: str = "") -> HttpResponse:
    row = round_by_slug(slug)
    known = proposal_by_ref(row, ref) if ref else None
    form = ProjectForm(request.POST or None, initial=_typed(known) if known else None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            proposal_save(
                round=row,
                proposal=known,
                title=form.words("title"),
                benefit=form.words("benefit"),
                description=form.words("description"),
                officer_view=form.words("officer_view"),
                cost=data["cost"],
                running_cost=data["running_cost"],
                area=data["area"],
                category=data["category"],
                state="withdrawn" if "withdraw" in request.POST else "on_ballot",
                actor=_actor(request),
            )
        except (Invalid, Refused) as error:
            form.add_error(None, f"{error} {error.remedy}".strip())
        else:
            return redirect("staff:round", slug=slug)
    context = {"form": form, "heading": "Project", "can_withdraw": known is not None}
    return render(request, "manage/form.html", context, status=422 if form.errors else 200)


def _typed(row: Proposal) -> dict[str, Any]:
    return {
        "title_en": row.title.en,
        "title_gd": row.title.gd,
        "benefit_en": row.benefit.en,
        "description_en": row.description.en,
        "officer_view_en": row.officer_view.en,
        "cost": row.cost,
        "running_cost": row.running_cost or "",
        "area": row.area,
        "category": row.category,
    }
