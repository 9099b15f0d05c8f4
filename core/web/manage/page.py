"""What every page of officers shares: who is signed in, where they are, and how a refusal is told."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse

from core.kernel.env import environment
from core.kernel.errors import Refused
from core.people.access import OFFICER
from core.people.models import Person
from core.people.proof import form_kept
from core.rounds.lifecycle import EDITABLE
from core.rounds.models import Round
from core.web.manage.menu import menu
from tenants.registry.context import current_tenant

PROBLEM, CONFLICT = 422, 409


def actor_of(request: HttpRequest) -> Person:
    """Whoever asks; views behind an access rule always have somebody."""
    person = request.user
    assert isinstance(person, Person)
    return person


def sent(request: HttpRequest) -> QueryDict | None:
    """What a form sent, also where it sent nothing; None where the page is only asked for.

    Whoever comes back from showing once more who they are finds the form as they had filled it in.
    """
    return request.POST if request.method == "POST" else form_kept(request)


def public_address(path: str = "/") -> str:
    """An address on the tenant's public host."""
    return environment().origin(current_tenant().slug) + path


def page(
    request: HttpRequest,
    template: str,
    *,
    heading: Any,
    row: Round | None = None,
    status: int = 200,
    part: str = "rounds",
    inside: bool = True,
    **context: Any,
) -> HttpResponse:
    """A page of officers. With a round, the way back to it stands above; `inside` is false for the round's own page."""
    trail = [(reverse("staff:rounds"), "Rounds")] if row else []
    if row and inside:
        trail.append((reverse("staff:round", kwargs={"slug": row.slug}), row.name.en))
    person = actor_of(request)
    leads = OFFICER.allows(person)
    areas, below = menu(current_tenant(), part, leads=leads)
    given = {
        "heading": heading,
        "round": row,
        "part": part,
        "part_of_round": inside,
        "trail": [*trail, *context.pop("trail", ())],
        "actor": person,
        "leads": leads,
        "areas": areas,
        "parts": below,
        "public_home": public_address(),
        **context,
    }
    answer = render(request, template, given, status=status)
    answer["Cache-Control"] = "no-store"
    return answer


def need_editable(row: Round) -> None:
    """Raises Refused once voting has opened: then there is no form to show."""
    if row.state not in EDITABLE:
        raise Refused(
            "Voting has opened, so the round's words, money, rules and projects are frozen.",
            code="round.frozen",
            remedy="Publish a notice about the correction on the website instead.",
        )
