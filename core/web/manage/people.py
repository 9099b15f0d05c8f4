"""Who may do what: the roles of a community, given and taken away by its officers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from core.kernel.clock import database_now
from core.kernel.errors import NotFound, Refused
from core.people.access import OFFICER, access
from core.people.group_roles import grants_unnamed, proposals_open
from core.people.models import Person, RoleGrant
from core.people.proof import proven
from core.people.selectors import grants_active, grants_in_force, people_like
from core.people.services import role_end, role_grant
from core.people.sso.sites import RealmKind, realm_kind
from core.rounds.selectors import rounds_all
from core.web.manage.forms import DayInput, Radios, Styled, moment_of
from core.web.manage.page import CONFLICT, PROBLEM, actor_of, page, sent
from tenants.registry.hosts import site_of

FEWEST_LETTERS = 2
ROLES: dict[str, Any] = {
    RoleGrant.Role.OFFICER.value: _("Officer"),
    RoleGrant.Role.ROUND_MANAGER.value: _("Round manager"),
    RoleGrant.Role.STEERING_MEMBER.value: _("Steering group member"),
    RoleGrant.Role.OBSERVER.value: _("Observer"),
}
MAY: dict[str, Any] = {
    RoleGrant.Role.OFFICER.value: _("Makes rounds, changes them, takes every step, and gives roles."),
    RoleGrant.Role.ROUND_MANAGER.value: _(
        "Changes rounds and projects, opens and closes voting, agrees to open the box."
    ),
    RoleGrant.Role.STEERING_MEMBER.value: _("Reads, and agrees to open the box. Changes nothing."),
    RoleGrant.Role.OBSERVER.value: _("Reads. Changes nothing."),
}


def role_field() -> forms.ChoiceField:
    return forms.ChoiceField(
        label=_("Role"),
        choices=list(ROLES.items()),
        widget=Radios(MAY),
        error_messages={"required": _("Choose a role.")},
    )


def place_field() -> forms.ChoiceField:
    """Where a role holds; the rounds to choose from are `place_choices`."""
    return forms.ChoiceField(
        label=_("Where it holds"), required=False, help_text=_("Somebody with a role in one round sees no other round.")
    )


def place_choices() -> list[tuple[str, Any]]:
    rounds = [(str(row.id), row.name.en) for row in rounds_all()]
    return [("", _("Everywhere: every round of this council or group")), *rounds]


def place_chosen(form: forms.Form) -> UUID | None:
    """The round that was chosen; tells the form where the role is none for a round."""
    place = form.cleaned_data.get("round_id")
    if form.cleaned_data.get("role") == RoleGrant.Role.OFFICER.value and place:
        form.add_error("round_id", _("An officer is one for every round. Choose round manager for one round."))
    return UUID(place) if place else None


class GrantForm(Styled):
    """A role for somebody who has signed in here before."""

    save_label = _("Give the role")

    person = forms.ChoiceField(label=_("Person"), widget=Radios(), error_messages={"required": _("Choose a person.")})
    role = role_field()
    round_id = place_field()
    ends = DayInput(
        label=_("Last day"), required=False, help_text=_("The role ends after this day. Leave it empty for no end.")
    )

    def __init__(self, *args: Any, found: list[Person], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.found = {str(one.public_id): one for one in found}
        person: Any = self.fields["person"]
        person.choices = [(key, str(one)) for key, one in self.found.items()]
        person.widget.hints = {
            key: say("Signed in here first on %(day)s") % {"day": one.joined_at.strftime("%d/%m/%Y")}
            for key, one in self.found.items()
        }
        where: Any = self.fields["round_id"]
        where.choices = place_choices()

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        role = data.get("role")
        data["where"] = place_chosen(self)
        data["ends_at"] = moment_of(data["ends"] + timedelta(days=1), time(0)) if data.get("ends") else None
        if data["ends_at"] and data["ends_at"] <= database_now():
            self.add_error("ends", _("This day has passed. Choose a later one."))
        person = self.found.get(data.get("person", ""))
        if person and any(grant.role == role and grant.round_id == data["where"] for grant in grants_active(person)):
            self.add_error("role", _("This person holds this role there already."))
        return data


@access(OFFICER)
def people(request: HttpRequest) -> HttpResponse:
    """Every role in force: who holds it, where, until when, and who gave it; before them what groups propose."""
    place, unnamed = places(), grants_unnamed()
    lines = [
        {
            "grant": one,
            "role": ROLES[one.role],
            "where": place(one.round_id),
            "last": _last(one.ends_at),
            "unnamed": unnamed.get(one.pk),
        }
        for one in grants_in_force()
    ]
    proposed = [{"row": one, "role": ROLES[one.role], "where": place(one.round_id)} for one in proposals_open()]
    return page(
        request,
        "manage/people.html",
        heading=say("People and roles"),
        part="people",
        lines=lines,
        proposed=proposed,
        groups=groups_here(request),
    )


def groups_here(request: HttpRequest) -> bool:
    """Whether officers sign in here by their council's own provider, which may tell of groups; a group's do not."""
    site = site_of(request)
    return realm_kind(site.tenant.kind, site.purpose) is RealmKind.STAFF


def places() -> Callable[[UUID | None], str]:
    """Names where a role holds, by the round's id."""
    rounds: dict[UUID, str] = {row.id: row.name.en for row in rounds_all()}

    def place(round_id: UUID | None) -> str:
        if round_id is None:
            return say("Everywhere")
        return rounds.get(round_id, say("A round that is not here any more"))

    return place


def _last(ends_at: datetime | None) -> datetime | None:
    """The last day on which a role holds: it ends at the midnight after it."""
    return ends_at - timedelta(seconds=1) if ends_at else None


@access(OFFICER)
@proven()
def grant_new(request: HttpRequest) -> HttpResponseBase:
    """Find somebody by name, then give them a role. Only people who have signed in here can be found."""
    actor = actor_of(request)
    asked = request.GET.get("name", "").strip()
    found = people_like(asked, issuer=actor.issuer) if len(asked) >= FEWEST_LETTERS else []
    form = GrantForm(sent(request), found=found) if found else None
    if request.method == "POST" and form is not None and form.is_valid():
        data = form.cleaned_data
        person = form.found[data["person"]]
        role_grant(person=person, role=data["role"], giver=actor, round_id=data["where"], ends_at=data["ends_at"])
        messages.success(request, say("%(name)s: %(role)s.") % {"name": person, "role": ROLES[data["role"]]})
        return redirect("staff:people")
    return page(
        request,
        "manage/grant.html",
        heading=say("Give somebody a role"),
        part="people",
        form=form,
        asked=asked,
        too_short=bool(asked) and len(asked) < FEWEST_LETTERS,
        trail=[(reverse("staff:people"), say("People and roles"))],
        status=PROBLEM if form is not None and form.errors else 200,
    )


@access(OFFICER)
@proven()
def grant_end(request: HttpRequest, grant: UUID) -> HttpResponseBase:
    """Ask before a role is taken away, and take it away when confirmed."""
    found = next((one for one in grants_in_force() if one.pk == grant), None)
    if found is None:
        raise NotFound("There is no such role in force.", code="people.no_grant")
    refused: Refused | None = None
    if request.method == "POST":
        try:
            role_end(grant=found, actor=actor_of(request))
        except Refused as error:
            refused = error
        else:
            messages.success(request, say("%(name)s no longer has this role.") % {"name": found.person})
            return redirect("staff:people")
    return page(
        request,
        "manage/grant_end.html",
        heading=say("Take a role away"),
        part="people",
        grant=found,
        role=ROLES[found.role],
        where=places()(found.round_id),
        mine=found.person == actor_of(request),
        refused=refused,
        trail=[(reverse("staff:people"), say("People and roles"))],
        status=CONFLICT if refused else 200,
    )
