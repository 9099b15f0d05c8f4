"""Discussion on residents' pages: the panels a round has chosen, and the one door through which anything is written.

A module draws its panel and does its actions; who may do which is asked here, before the module is called. A refused
action shows the same page again with what was typed. A module that cannot draw costs its own panel and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.template import TemplateDoesNotExist, TemplateSyntaxError
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.kernel.errors import NotFound, Refused, Unavailable
from core.people.access import ANYONE, ROUND_TEAM, access, has_role
from core.people.models import Person
from core.proposals.models import Proposal
from core.proposals.selectors import proposal_by_ref
from core.rounds.lifecycle import State
from core.rounds.models import Round
from core.rounds.selectors import round_by_slug
from core.web.public.phases import READABLE
from core.web.public.rounds import frame, project_context
from plugins.api import ActionAnswer, Capability, Problem, Raw, SubjectRef, Viewer
from plugins.api import Person as Known
from plugins.host.context import plugin_context
from plugins.host.failures import PluginFailure
from plugins.host.selectors import active_modules, module_settings
from tenants.registry.hosts import site_of

# While people can still be convinced. From the close of voting on everything can be read and nothing written.
TALKING = frozenset({*READABLE, State.IDEAS, State.CO_CONSTRUCTION}) - {
    State.COUNT,
    State.SUSPENDED,
    State.RATIFICATION,
    State.DELIVERY,
    State.EVALUATION,
    State.CLOSED,
}
PROBLEM = 422
KIND = "deliberation"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a discussion stands: the round, and the project it is about, or the round itself."""

    round: Round
    project: Proposal | None = None

    @property
    def subject(self) -> SubjectRef:
        if self.project is not None:
            return SubjectRef("proposal", str(self.project.id))
        return SubjectRef("round", str(self.round.id))

    def address(self, key: str) -> str:
        """The page on which the panel of this module stands."""
        if self.project is not None:
            return reverse("public:project", kwargs={"slug": self.round.slug, "ref": self.project.ref})
        return reverse("public:discussion", kwargs={"key": key, "slug": self.round.slug})


@dataclass(frozen=True, slots=True)
class Panel:
    """A module's panel as a page shows it. `html` is empty where the module could not draw it."""

    key: str
    label: Any
    html: str
    why_not: str = ""
    sign_in: str = ""
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Tried:
    """An action that was refused: what was typed, and what is wrong with it."""

    key: str
    verb: str
    raw: Raw
    problems: tuple[Problem, ...]
    draft: dict[str, list[str]] = field(default_factory=dict)

    def as_draft(self) -> dict[str, list[str]]:
        language = get_language() or "en"
        told = {f"problem.{one.path}": [one.message.get(language)] for one in self.problems}
        return {**{name: list(values) for name, values in self.raw.items()}, **told, "verb": [self.verb]}


def modules_of(row: Round, kind: str) -> list[Any]:
    """The modules this round has chosen, this tenant has, and which speak about this kind of thing."""
    return [one for one in active_modules(KIND) if one.key in row.deliberation and kind in one.subjects]


def viewer_of(request: HttpRequest, row: Round) -> Viewer:
    """Who is looking, and what they may do now: write with a name of their own, answer as one of the round's team."""
    person = request.user
    language = get_language() or "en"
    if not isinstance(person, Person) or not person.is_active:
        return Viewer(language=language)
    may = {Capability.READ}
    if row.state in TALKING:
        if person.display_name:
            may.add(Capability.TAKE_PART)
        if has_role(person, *ROUND_TEAM.roles, round_id=row.id):
            may |= {Capability.ANSWER, Capability.MODERATE}
    return Viewer(Known(str(person.public_id)), person.display_name, frozenset(may), language)


def _why_not(request: HttpRequest, row: Round, viewer: Viewer, here: str) -> tuple[str, str]:
    """Why somebody cannot write, and where they can go to change that."""
    if viewer.may(Capability.TAKE_PART):
        return "", ""
    if row.state not in TALKING:
        return _("This discussion has ended. Everything can still be read."), ""
    if viewer.person is None:
        return _("Sign in to take part."), "/sign-in/?" + urlencode({"next": here})
    words = _("Choose the name you want to be shown by, then you can take part.")
    if site_of(request).purpose == "staff":
        return words, ""
    return words, reverse("public:account-name") + "?" + urlencode({"next": here})


def panel_of(request: HttpRequest, module: Any, place: Place, tried: Tried | None = None) -> Panel:
    """Draw one module's panel; what a plugin does wrong there becomes a plain notice."""
    viewer, here = viewer_of(request, place.round), place.address(module.key)
    mine = tried if tried is not None and tried.key == module.key else None
    draft = mine.as_draft() if mine else {name: list(values) for name, values in request.GET.lists()}
    reason, door = _why_not(request, place.round, viewer, here)
    html = ""
    try:
        part = module.panel(plugin_context(module_settings(KIND, module.key)), place.subject, viewer, draft)
        given = {
            **part.context,
            "panel": {
                "address": reverse("public:discussion", kwargs={"key": module.key, "slug": place.round.slug}),
                "hidden": format_html('<input type="hidden" name="ref" value="{}">', _ref(place)),
                "here": here,
            },
        }
        html = render_to_string(part.name, given, request=request)
    except (PluginFailure, TemplateDoesNotExist, TemplateSyntaxError):
        html = ""
    return Panel(module.key, module.label, html, reason, door, mine.problems if mine else ())


def _ref(place: Place) -> str:
    return place.project.ref if place.project is not None else ""


def panels_of(request: HttpRequest, row: Round, project: Proposal, tried: Tried | None = None) -> list[Panel]:
    """Every panel on the page of a project."""
    place = Place(row, project)
    return [panel_of(request, module, place, tried) for module in modules_of(row, "proposal")]


def _place(slug: str, ref: str) -> Place:
    row = round_by_slug(slug, visible_only=True)
    if not ref:
        return Place(row)
    if row.state not in READABLE:
        raise NotFound("The projects of this round are not published yet.", code="round.not_readable")
    found = proposal_by_ref(row, ref)
    if found.state == Proposal.State.DRAFT:
        raise NotFound("There is no such project.", code="project.not_found")
    return Place(row, found)


def _module(place: Place, key: str) -> Any:
    """The module of this key, where this round has chosen it. Raises NotFound for anything else."""
    found = next((one for one in modules_of(place.round, place.subject.kind) if one.key == key), None)
    if found is None:
        raise NotFound("This round has no such discussion.", code="discussion.not_chosen")
    return found


@require_safe
@access(ANYONE)
def project(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """A project, and what is said about it."""
    place = _place(slug, ref)
    assert place.project is not None
    context = project_context(request, place.round, ref)
    context["panels"] = panels_of(request, place.round, place.project)
    return render(request, "public/project.html", context)


@never_cache
@require_http_methods(["GET", "HEAD"])
@access(ANYONE)
def discussion(request: HttpRequest, key: str, slug: str) -> HttpResponse:
    """What a module shows about the round as a whole."""
    place = _place(slug, "")
    return _page(request, _module(place, key), place)


def _page(
    request: HttpRequest, module: Any, place: Place, tried: Tried | None = None, status: int = 200
) -> HttpResponse:
    if place.project is not None:
        context = project_context(request, place.round, place.project.ref)
        context["panels"] = panels_of(request, place.round, place.project, tried)
        return render(request, "public/project.html", context, status=status)
    context = {**frame(place.round, module.key), "module": module}
    context["panels"] = [panel_of(request, module, place, tried)]
    return render(request, "public/discussion.html", context, status=status)


@never_cache
@require_POST
@access(ANYONE)
def act(request: HttpRequest, key: str, slug: str, verb: str) -> HttpResponseBase:
    """Do one of a module's actions. Who may is asked here; then the module does it, whole or not at all."""
    raw: Mapping[str, Sequence[str]] = {name: list(values) for name, values in request.POST.lists()}
    place = _place(slug, request.POST.get("ref", ""))
    module = _module(place, key)
    action = next((one for one in module.actions() if one.verb == verb), None)
    if action is None:
        raise NotFound("There is no such action here.", code="discussion.no_action")
    viewer, here = viewer_of(request, place.round), place.address(key)
    if not viewer.may(action.capability):
        return _may_not(request, place, viewer, here)
    try:
        with transaction.atomic():
            context = plugin_context(module_settings(KIND, key), module=(KIND, key))
            answer: ActionAnswer = module.handle(action, context, place.subject, viewer, raw)
    except PluginFailure as error:
        raise Unavailable(
            _("This part of the page does not work at the moment. Nothing was stored."),
            code="discussion.unavailable",
            remedy=_("Try again later."),
        ) from error
    if answer.problems:
        fields = {name: values for name, values in raw.items() if name != "csrfmiddlewaretoken"}
        return _page(request, module, place, Tried(key, verb, fields, answer.problems), status=PROBLEM)
    query = f"?at={answer.anchor}" if answer.anchor else ""
    return HttpResponseRedirect(here + query + (f"#{answer.anchor}" if answer.anchor else f"#{key}"))


def _may_not(request: HttpRequest, place: Place, viewer: Viewer, here: str) -> HttpResponseBase:
    """Somebody who has only to sign in, or to choose a name, is led there; anybody else is refused in words."""
    reason, door = _why_not(request, place.round, viewer, here)
    if door:
        return HttpResponseRedirect(door)
    raise Refused(reason or _("You may not do this here."), code="discussion.refused", remedy=_("Go back to the page."))


__all__ = ["Panel", "Place", "act", "discussion", "panels_of", "project", "viewer_of"]
